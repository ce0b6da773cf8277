'use strict';
// Connections of mysql2.

const mysql = require('mysql2');

/** Gives a connection that reads whole results, or streams them; both in the text protocol or prepared. */
exports.connect = async (options) => {
  const connection = mysql.createConnection(options);
  await new Promise((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
  return {
    rows: (sql, isPrepared) => new Promise((resolve, reject) => {
      connection[isPrepared ? 'execute' : 'query'](sql, (error, rows) => (error ? reject(error) : resolve(rows)));
    }),
    stream: (sql, isPrepared) => connection[isPrepared ? 'execute' : 'query'](sql).stream(),
  };
};
