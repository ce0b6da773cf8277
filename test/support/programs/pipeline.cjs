'use strict';
// pipeline.cjs PORT USER PASSWORD SCHEMA SQL: sends SQL and two queries behind it at once with mariadb for Node, which does
// not wait for answers, then a fourth. Says in a line of JSON what each was answered with: a value, or an error's number.

const mariadb = require('mariadb');

const [port, user, password, database, sql] = process.argv.slice(2);

const run = async () => {
  const connection = await mariadb.createConnection({
    host: '127.0.0.1', port: Number(port), user, password, database, rowsAsArray: true, pipelining: true,
  });
  const answer = async (text) => {
    try {
      return (await connection.query(text))[0][0];
    } catch (error) {
      return { error: error.errno };
    }
  };
  const answers = await Promise.all([sql, 'SELECT 2', 'SELECT 3'].map(answer));
  console.log(JSON.stringify([...answers, await answer('SELECT 4')]));
  await connection.end();
};

run();
