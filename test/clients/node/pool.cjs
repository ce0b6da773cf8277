'use strict';
// pool.cjs POOL HOST PORT USER PASSWORD SCHEMA SQL...: runs statements over a pool of three connections, and reports
// which connections the pool has before and afterwards, and the error of each statement, in one line of JSON.
//
// POOL is mysql2, "mysql2 prepared" or mariadb.

const [kind, host, port, user, password, database, ...statements] = process.argv.slice(2);
const SIZE = 3;
const place = { host, port: Number(port), user, password, database, connectionLimit: SIZE };

/** A pool with one interface: `take` and `query` return promises. */
const open = () => {
  if (kind === 'mariadb') {
    const pool = require('mariadb').createPool({
      ...place, allowPublicKeyRetrieval: true, connectTimeout: 30_000, acquireTimeout: 30_000,
    });
    return {
      take: () => pool.getConnection(), query: (sql) => pool.query(sql),
      rows: (connection, sql) => connection.query({ sql, rowsAsArray: true }), close: () => pool.end(),
    };
  }
  const pool = require('mysql2/promise').createPool(place);
  return {
    take: () => pool.getConnection(), query: (sql) => (kind === 'mysql2 prepared' ? pool.execute(sql) : pool.query(sql)),
    rows: async (connection, sql) => (await connection.query({ sql, rowsAsArray: true }))[0], close: () => pool.end(),
  };
};

/** The ids of all connections of the pool. */
const idsOf = async (pool) => {
  const taken = await Promise.all(Array.from({ length: SIZE }, () => pool.take()));
  const ids = await Promise.all(taken.map((connection) => pool.rows(connection, 'SELECT CONNECTION_ID()')));
  for (const connection of taken) await connection.release();
  return ids.map(([[id]]) => Number(id)).sort((a, b) => a - b);
};

const run = async () => {
  const pool = open();
  const before = await idsOf(pool);
  const errors = [];
  for (const sql of statements) errors.push(await pool.query(sql).then(() => null, ({ errno }) => errno));
  const after = await idsOf(pool);
  process.stdout.write(`${JSON.stringify({ before, errors, after })}\n`);
  await pool.close();
};

run();
