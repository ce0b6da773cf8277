import t from 'tap';
import { type ClientError, type ClientOptions, DemoClient } from '../../src/demo/client.js';
import { textColumn } from '../../src/demo/relation.js';
import { encodeErr } from '../../src/protocol/packets.js';
import { startScriptedServer } from '../support/scriptedServer.js';

const AT = { host: '127.0.0.1', user: 'demo', schema: 'demo', program: 'test' };
const at = (port: number): ClientOptions => ({ ...AT, port });
const TOO_MANY = { code: 1040, sqlState: '', message: 'Too many connections' };
const INTERRUPTED = { code: 1317, sqlState: '70100', message: 'Query execution was interrupted' };

t.test("throws the server's error when that comes in place of a greeting", async (t) => {
  const server = await startScriptedServer(t, (connection) => {
    connection.send(encodeErr(0, TOO_MANY));
    connection.end();
  });
  const refused = await DemoClient.connect(at(server.port)).catch((error: ClientError) => error);
  t.match(refused, { name: 'ClientError', serverError: TOO_MANY });
});

t.test('says that a server does not speak MySQL', async (t) => {
  const server = await startScriptedServer(t, (connection) => {
    connection.send(Buffer.from([4, 0, 0, 0, 0x53, 0x53, 0x48, 0x2d]));
  });
  const found = { message: 'the server does not speak the MySQL protocol' };
  await t.rejects(DemoClient.connect(at(server.port)), found);
});

t.test('says that the server closed the connection when it closes without a word', async (t) => {
  const server = await startScriptedServer(t, (connection) => connection.end());
  await t.rejects(DemoClient.connect(at(server.port)), { message: 'the server closed the connection' });
});

t.test('counts rows that arrived before an error in the middle of a result', async (t) => {
  const server = await startScriptedServer(t, async (connection) => {
    const encoder = await connection.login();
    await connection.packet();
    if (encoder === null) return;
    const rows = [encoder.resultSetHead([textColumn('a')], 2), encoder.packet(Buffer.from('\u0001x')),
      encoder.packet(Buffer.from([0xfb])), encoder.err(INTERRUPTED)];
    await connection.sendSplit(Buffer.concat(rows), 1, 2, 3, 5);
  });
  const client = await DemoClient.connect(at(server.port));
  const result = await client.query('SELECT a FROM b');
  t.match(result, { rows: 2, bytes: 11, firstRow: ['x'], error: INTERRUPTED });
  await client.close();
  t.match(server.connections[0]?.received.toString('latin1'), /program_name.*SELECT a FROM b/s);
});

t.test('throws when the connection ends in the middle of a row', async (t) => {
  const server = await startScriptedServer(t, async (connection) => {
    const encoder = await connection.login();
    await connection.packet();
    if (encoder === null) return;
    connection.send(encoder.resultSetHead([textColumn('a')], 2));
    connection.send(encoder.packet(Buffer.from('\u0005hello')).subarray(0, 7));
    connection.end();
  });
  const client = await DemoClient.connect(at(server.port));
  await t.rejects(client.query('SELECT a FROM b'), { message: 'the server closed the connection' });
});

t.test('throws when the server resets the connection', async (t) => {
  const server = await startScriptedServer(t, async (connection) => {
    await connection.login();
    await connection.packet();
    connection.reset();
  });
  const client = await DemoClient.connect(at(server.port));
  await t.rejects(client.query('SELECT 1'), { code: 'ECONNRESET' });
});
