import { fileURLToPath } from 'node:url';
import t from 'tap';
import { PacketAssembler } from '../../src/demo/packetAssembler.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { Command } from '../../src/protocol/commands.js';
import { encodeHandshakeResponse, responseCapabilities } from '../../src/protocol/handshakeResponse.js';
import { PacketReader } from '../../src/protocol/lenenc.js';
import { decodeErr, FirstByte } from '../../src/protocol/packets.js';
import { decodeParameters, type DecodedParameters, type ParameterTypes } from '../../src/protocol/parameters.js';
import { sysbenchOptions } from '../support/clients.js';
import type { Turn } from '../support/conversationHarness.js';
import { executePayload, VALUE_EXAMPLES, type ValueExample } from '../support/executePacket.js';
import { RawClient } from '../support/rawClient.js';
import { startRecorder } from '../support/recorder.js';
import { runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { type Server, SERVER_KINDS, type ServerKind, startServer } from '../support/servers.js';

const MAX_BYTES = 4096;
const JDBC = process.env['SLUICE_JDBC'] ?? '/usr/share/java/mariadb-java-client.jar';
const program = (name: string): string => fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));

/** The parameters of each execution that a recorded client sent of its one statement. */
const executionsOf = (turns: readonly Turn[], parameterCount: number): (DecodedParameters | null)[] => {
  const assembler = new PacketAssembler(1024 ** 3);
  for (const { from, bytes } of turns) if (from === 'client') assembler.push(bytes);
  const login = assembler.next()?.payload ?? Buffer.alloc(0);
  const hasQueryAttributes = ((responseCapabilities(login) ?? 0n) & Capability.QUERY_ATTRIBUTES) !== 0n;
  const executions: (DecodedParameters | null)[] = [];
  const longDataBytes = new Map<number, number>();
  let types: ParameterTypes | null = null;
  for (let packet = assembler.next(); packet !== null; packet = assembler.next()) {
    const { payload, sequenceId } = packet;
    if (sequenceId !== 0) continue; // another round of the authentication
    if (payload[0] === Command.STMT_SEND_LONG_DATA) {
      const index = payload.readUInt16LE(5);
      longDataBytes.set(index, (longDataBytes.get(index) ?? 0) + payload.length - 7);
    }
    if (payload[0] !== Command.STMT_EXECUTE) continue;
    const decoded = decodeParameters({ payload, parameterCount, hasQueryAttributes, types, longDataBytes }, MAX_BYTES);
    executions.push(decoded);
    types = decoded?.types ?? null;
    longDataBytes.clear();
  }
  return executions;
};

interface Binder {
  readonly name: string;
  readonly run: (port: number, kind: ServerKind) => Promise<string>;
  /** The values that it binds, for each execution. */
  readonly bound: readonly (readonly unknown[])[];
}

const target = (port: number): string[] => ['127.0.0.1', String(port), APP.user, APP.password, APP.schema];
const phpValues = (small: number): unknown[] => [small, '-9007199254740993', 0.1, 'naïve 日本', { hex: 'ff00' }, null];
const perlValues = (number: number): unknown[] => [number, 0.5, 'naïve 日本', { hex: 'ff00' }, null];
const javaValues = (number: number): unknown[] => [1, -128, -32768, number, '-9223372036854775808', 0.1, 0.1,
  '-12345678901234567890.123456789', '2024-02-29', '01:02:03.000000', '2024-02-29 23:59:01.123456', 'naïve 日本',
  // MySQL's driver sends bytes as long data, however few.
  { longData: 2 }, null, { longData: 70_000 }];

const BINDERS: readonly Binder[] = [
  {
    name: 'PHP mysqli',
    run: (port) => runOk('php', [program('bind.php'), ...target(port)]),
    bound: [[...phpValues(42), { longData: 70_003 }], [...phpValues(43), null]],
  },
  {
    name: 'Perl DBD::mysql',
    run: (port) => runOk('perl', [program('bind.pl'), ...target(port)]),
    bound: [perlValues(42), perlValues(43)],
  },
  {
    name: 'Java Connector/J',
    run: (port, kind) => runOk('java',
      ['-XX:TieredStopAtLevel=1', '-cp', JDBC, program('Bind.java'), ...target(port), kind]),
    bound: [javaValues(42), javaValues(43)],
  },
  {
    name: 'sysbench, which sends types only once',
    run: (port) => runOk('sysbench', [program('bind.lua'), ...sysbenchOptions(port), '--events=1', '--time=0', 'run']),
    bound: [[1, 'text 1'], [2, 'text 2'], [3, 'text 3']],
  },
];

/** Logs in as a user without a password. */
const login = async (server: Server, further: bigint): Promise<RawClient> => {
  const client = await RawClient.connect(server.port);
  await client.packet();
  client.send(encodeHandshakeResponse({
    capabilities: Capability.LONG_PASSWORD | Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION |
      Capability.PLUGIN_AUTH | Capability.DEPRECATE_EOF | further,
    maxPacketBytes: 2 ** 24, collation: 45, user: 'bare', authResponse: Buffer.alloc(0),
    authPlugin: server.kind === 'mysql' ? 'caching_sha2_password' : 'mysql_native_password', attributes: new Map(),
  }), 1);
  for (;;) {
    const { payload, sequenceId } = await client.packet();
    if (payload[0] === FirstByte.OK) return client;
    if (payload[0] === FirstByte.ERR) throw new Error(decodeErr(payload).message);
    // The server asks for another plugin.
    if (payload[0] === FirstByte.EOF) client.send(Buffer.alloc(0), sequenceId + 1);
  }
};

/** The server's text of a bound value, null for NULL, undefined when it refuses the value. */
const readByServer = async (
  client: RawClient, value: ValueExample, hasQueryAttributes: boolean,
): Promise<string | null | undefined> => {
  // MySQL 9.7 prints dates and times with 31 decimals unless their type is asked for.
  const asTime = new Map([[7, 'DATETIME(6)'], [12, 'DATETIME(6)'], [10, 'DATE'], [11, 'TIME(6)']]).get(value.type);
  client.command(Command.STMT_PREPARE,
    asTime === undefined ? 'SELECT CAST(? AS BINARY)' : `SELECT CAST(CAST(? AS ${asTime}) AS CHAR)`);
  const [prepared] = await client.packets(3); // then the parameter's definition and the column's
  const attribute = { type: 254, bytes: Buffer.from('\x03on!'), name: 'trace' };
  const statementId = prepared!.payload.readUInt32LE(1);
  client.send(executePayload(hasQueryAttributes ? [value, attribute] : [value], { statementId, hasQueryAttributes }));
  const first = await client.packet();
  if (first.payload[0] === FirstByte.ERR) return undefined;
  const [, row, end] = await client.packets(3);
  if (end!.payload[0] !== FirstByte.EOF) throw new Error('more than one row');
  const isNull = (row!.payload[1]! & 4) !== 0; // the NULL bitmap of a binary row begins at its third bit
  return isNull ? null : new PacketReader(row!.payload, 2, row!.payload.length).lenencSlice().toString('latin1');
};

/**
 * Whether the shown value equals the server's text, to the digits of a FLOAT and without zeros at the end of a
 * fraction.
 */
const agrees = (shown: unknown, byServer: string | null): boolean => {
  if (shown === null || byServer === null) return shown === byServer;
  if (typeof shown === 'number') return Math.fround(shown) === Math.fround(Number(byServer));
  if (typeof shown === 'string') return Buffer.from(byServer, 'latin1').toString().replace(/\.000000$/, '') === shown;
  return (shown as { hex: string }).hex === Buffer.from(byServer, 'latin1').toString('hex');
};

for (const kind of SERVER_KINDS) {
  await t.test(`with ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await server.sql("CREATE USER 'bare'@'%' IDENTIFIED BY ''; SET GLOBAL sql_mode = ''"); // zero dates are dates

    for (const { name, run, bound } of BINDERS) {
      await t.test(`decodes what a client binds: ${name}`, async (t) => {
        const recorder = await startRecorder(server.port);
        t.teardown(() => recorder.close());
        await run(recorder.port, kind);
        const [turns = []] = await recorder.take();
        const executions = executionsOf(turns, bound[0]!.length);
        t.strictSame(executions.map((execution) => execution?.values), bound);
        t.same(executions.map((execution) => execution?.isTruncated), bound.map(() => false));
      });
    }

    for (const hasQueryAttributes of kind === 'mysql' ? [false, true] : [false]) {
      await t.test(`shows values as the server reads them${hasQueryAttributes ? ', beside query attributes' : ''}`,
        async (t) => {
          const client = await login(server, hasQueryAttributes ? Capability.QUERY_ATTRIBUTES : 0n);
          t.teardown(() => client.close());
          for (const value of VALUE_EXAMPLES) {
            const byServer = await readByServer(client, value, hasQueryAttributes);
            if (byServer === undefined) t.fail(`${value.title}: refused`);
            else t.ok(agrees(value.shown, byServer), `${value.title}: ${byServer}`);
          }
        });
    }
  });
}
