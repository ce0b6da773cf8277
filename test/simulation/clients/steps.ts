import { Command } from '../../../src/protocol/commands.js';
import { close, command, execute, fetch, prepare, query, reset } from '../../support/commandPayloads.js';
import { FirstByte } from '../../../src/protocol/packets.js';
import { Status } from '../../../src/protocol/status.js';
import type { Asked, Exchange } from '../ledger.js';
import { READS_ALL, type StatementPlan, type Step } from '../plan.js';
import { sqlOf } from '../statements.js';
import type { AskedCommand, ClientConnection } from './clientConnection.js';

// The commands of each step.

const PLAIN = { statement: null, execution: 0, isSilent: false, counts: false, isPipelined: false } as const;
const CURSOR = 1;

type Prepared = Extract<Step, { readonly do: 'prepared' }>;

/** Sends the commands of a step, each once the one before is answered, and waits for the last answer. */
export const performStep = async (
  client: ClientConnection, step: Exclude<Step, { readonly do: 'wait' }>,
): Promise<void> => {
  switch (step.do) {
    case 'query':
      await client.ask([queryOf(step.statement, false)], step.reading);
      break;
    case 'pipeline':
      await client.ask(step.statements.map((statement) => queryOf(statement, true)), step.reading);
      break;
    case 'prepared':
      await performPrepared(client, step);
      break;
    default:
      await client.ask([{ what: { ...PLAIN, name: step.do }, payload: payloadOf(client, step.do) }], READS_ALL);
  }
};

const queryOf = (statement: StatementPlan, isPipelined: boolean): AskedCommand => ({
  what: { ...PLAIN, name: 'query', statement, counts: true, isPipelined }, payload: query(sqlOf(statement)),
});

type Plain = Exclude<Step['do'], 'query' | 'pipeline' | 'prepared' | 'wait'>;

const payloadOf = (client: ClientConnection, what: Plain): Buffer => {
  switch (what) {
    case 'ping':
      return command(Command.PING);
    case 'statistics':
      return command(Command.STATISTICS);
    case 'setOption':
      return command(Command.SET_OPTION, Buffer.from([0, 0]));
    case 'fieldList':
      return command(Command.FIELD_LIST, 't\0');
    case 'initDb':
      return command(Command.INIT_DB, 'shop');
    case 'resetConnection':
      return command(Command.RESET_CONNECTION);
    case 'changeUser': {
      const proof = Buffer.concat([Buffer.from([20]), Buffer.alloc(20, 7)]);
      return command(Command.CHANGE_USER, `${client.name}\0`, proof, 'shop\0', Buffer.from([45, 0]),
        'mysql_native_password\0');
    }
  }
};

/** Prepares a statement, executes it some times, and closes it. */
const performPrepared = async (client: ClientConnection, step: Prepared): Promise<void> => {
  const { statement, reading } = step;
  const what: Asked = { ...PLAIN, statement, name: 'prepare' };
  const [prepared] = await client.ask([{ what, payload: prepare(sqlOf(statement)) }], READS_ALL);
  if (prepared?.end !== 'whole' || prepared.sent[0]!.payload[0] !== 0) return;
  const id = prepared.sent[0]!.payload.readUInt32LE(1);
  for (let execution = 0; execution < step.times && client.isUsable; execution += 1) {
    const flags = step.fetchRows === null ? 0 : CURSOR;
    const executes: Asked = { ...what, name: 'execute', execution, counts: true };
    const [executed] = await client.ask([{ what: executes, payload: execute(id, flags) }], reading);
    if (executed?.end === 'whole' && step.fetchRows !== null && opensCursor(executed)) {
      await fetchAll(client, step, executes, id);
    }
  }
  const closes: Asked = { ...what, name: 'close', isSilent: true };
  if (client.isUsable) await client.ask([{ what: closes, payload: close(id) }], reading);
};

/** Fetches rows from a cursor, to its end or as often as the step says; then the cursor is reset. */
const fetchAll = async (client: ClientConnection, step: Prepared, executes: Asked, id: number): Promise<void> => {
  const what: Asked = { ...executes, name: 'fetch' };
  for (let fetches = 0; fetches < (step.fetches ?? MOST_FETCHES) && client.isUsable; fetches += 1) {
    const [fetched] = await client.ask([{ what, payload: fetch(id, step.fetchRows!) }], step.reading);
    if (fetched?.end !== 'whole') break;
    if (isError(fetched)) return;
    if (statusOf(fetched) & Status.LAST_ROW_SENT) return;
  }
  const resets: Asked = { ...what, name: 'reset', counts: false };
  if (client.isUsable) await client.ask([{ what: resets, payload: reset(id) }], READS_ALL);
};

/** A cursor that is read row by row is not read to its end. */
const MOST_FETCHES = 40;

/** The server has opened a cursor: its first answer ends with that flag. */
const opensCursor = (executed: Exchange): boolean => (statusOf(executed) & Status.CURSOR_EXISTS) !== 0;

const isError = ({ sent }: Exchange): boolean => sent.at(-1)!.payload[0] === FirstByte.ERR;

/** The status flags of the packet that has ended an answer; 0 after an error. */
const statusOf = (exchange: Exchange): number =>
  (isError(exchange) ? 0 : exchange.sent.at(-1)!.payload.readUInt16LE(3));
