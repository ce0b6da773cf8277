'use strict';
// Connections of MariaDB's Connector/Node.js.

const mariadb = require('mariadb');

/** Gives a connection that reads whole results, or streams them; both in the text protocol or prepared. */
exports.connect = async (options) => {
  // The default time-out is one second, and a busy machine may need longer.
  const patience = { connectTimeout: 30_000 };
  const connection = await mariadb.createConnection({ allowPublicKeyRetrieval: true, ...patience, ...options });
  return {
    rows: (sql, isPrepared) => connection[isPrepared ? 'execute' : 'query'](sql),
    stream: async function* stream(sql, isPrepared) {
      const prepared = isPrepared ? await connection.prepare(sql) : null;
      const rows = prepared === null ? connection.queryStream(sql) : prepared.executeStream();
      try {
        yield* rows;
      } finally {
        // The rest of the rows has to be read before another statement; close() makes the driver do that.
        rows.close();
        prepared?.close();
      }
    },
  };
};
