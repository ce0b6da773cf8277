'use strict';
// read.cjs DRIVER MODE HOST PORT USER PASSWORD SCHEMA SQL [WORK_MS [STOP_AFTER]]: reads a result with a driver for Node
// and reports it.
//
// DRIVER is mysql2 or mariadb; MODE is buffered (the rows in an array) or streaming (the driver's stream), each also as
// prepared-buffered and prepared-streaming. A HOST that begins with a slash is the path of a Unix socket. WORK_MS is
// the work on each row (0 by default), STOP_AFTER the number of rows after which reading stops (0: never).
// READ_OPTIONS in the environment holds further options of the connection as a JSON object.

const { Report } = require('./report.cjs');

const [driver, mode, host, port, user, password, database, sql, workMs = '0', stopAfter = '0'] = process.argv.slice(2);
const { connect } = require(`./${driver === 'mysql2' ? 'mysql2' : 'mariadb'}.cjs`);

const options = {
  ...(host.startsWith('/') ? { socketPath: host } : { host, port: Number(port) }),
  user, password, database, rowsAsArray: true, ...JSON.parse(process.env.READ_OPTIONS || '{}'),
};
const isPrepared = mode.startsWith('prepared');

const run = async (report) => {
  const connection = await connect(options);
  report.connected();
  try {
    if (mode.endsWith('streaming')) await report.readStream(connection.stream(sql, isPrepared));
    else await report.readWhole(await connection.rows(sql, isPrepared));
  } catch (error) {
    report.failed(error);
  }
  try {
    report.answered((await connection.rows('SELECT 42, CONNECTION_ID()', false))[0]);
  } catch (error) {
    report.answerFailed(error);
  }
};

const report = new Report({ workMs: Number(workMs), stopAfter: Number(stopAfter) });
run(report).catch((error) => report.failed(error)).finally(() => {
  report.print();
  // A connection that is still open would keep the program.
  process.exit();
});
