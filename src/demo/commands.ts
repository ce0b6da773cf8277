import { Capability } from '../protocol/capabilities.js';
import { Command, commandName } from '../protocol/commands.js';
import { encodeLenenc } from '../protocol/lenenc.js';
import { queryTextOffset } from '../protocol/query.js';
import { Status } from '../protocol/status.js';
import { answer, type Answer, type SessionState, tableOf } from './responses.js';
import { columnDefinition, type ResponseEncoder } from './encode.js';
import { type Login, readChangeUser, welcome } from './login.js';
import { PreparedStatements } from './preparedStatements.js';
import { rowBlocks } from './rows.js';
import { parseStatements } from './sql.js';
import { notUnderstood, SqlError } from './sqlError.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/**
 * Answers a COM_QUERY in place of the demo. Returns the packets of the response, in blocks of any size, or null to let
 * the demo answer. Tests use it for answers that real servers do not give on demand.
 */
export type QueryHook = (sql: string, encoder: ResponseEncoder) => Iterable<Buffer> | null;

/** A response that is made step by step: blocks of packets. Its return value says whether the connection continues. */
export type Response = Generator<Buffer, 'continue' | 'close'>;

/** The option of COM_SET_OPTION. Only the low byte matters: 0 turns multi-statements on, 1 off. */
const MULTI_STATEMENTS_ON = 0;

/** The command phase of one connection: its state, and the answer to each command. */
export class CommandPhase {
  #session: SessionState;
  readonly #statements = new PreparedStatements();
  #allowsMultiStatements: boolean;
  #questions = 0;

  constructor(
    connectionId: number,
    login: Login,
    private readonly onQuery: QueryHook | undefined,
  ) {
    this.#session = freshSession(connectionId, login);
    this.#allowsMultiStatements = (login.capabilities & Capability.MULTI_STATEMENTS) !== 0n;
  }

  /** The response to one command packet. Errors become ERR packets; nothing is thrown. */
  *respond(payload: Buffer, encoder: ResponseEncoder): Response {
    this.#questions += 1;
    try {
      return yield* this.dispatch(payload, encoder);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      yield encoder.err(error);
      return 'continue';
    }
  }

  private *dispatch(payload: Buffer, encoder: ResponseEncoder): Response {
    const status = this.statusFlags();
    switch (payload[0]) {
      case Command.QUIT:
        return 'close';
      case Command.QUERY:
        yield* this.query(payload, encoder);
        break;
      case Command.INIT_DB:
        yield this.initDb(payload.toString('utf8', 1), encoder);
        break;
      case Command.PING:
        yield encoder.ok(status);
        break;
      case Command.FIELD_LIST:
        yield* fieldList(payload, encoder, status);
        break;
      case Command.STATISTICS:
        yield encoder.packet(Buffer.from(statistics(this.#questions)));
        break;
      case Command.SET_OPTION:
        this.#allowsMultiStatements = payload[1] === MULTI_STATEMENTS_ON;
        yield encoder.terminator(status);
        break;
      case Command.RESET_CONNECTION:
        this.reset({ user: this.#session.user, schema: this.#session.schema });
        yield encoder.ok(this.statusFlags());
        break;
      case Command.CHANGE_USER: {
        const login = readChangeUser(payload, encoder.capabilities);
        this.reset(login);
        yield welcome(login, encoder);
        break;
      }
      case Command.STMT_PREPARE:
        yield this.#statements.prepare(payload.toString('utf8', 1), this.#session, status, encoder);
        break;
      case Command.STMT_EXECUTE: {
        const execution = this.#statements.execute(payload, this.#session, encoder);
        if (execution.opensCursor) yield* cursorHead(execution.answer, encoder, status);
        else yield* this.deliver(execution.answer, 'binary', false, encoder);
        break;
      }
      case Command.STMT_FETCH:
        yield* this.#statements.fetch(payload, status, encoder);
        break;
      case Command.STMT_SEND_LONG_DATA:
        this.#statements.addLongData(payload);
        break;
      case Command.STMT_CLOSE:
        this.#statements.close(payload);
        break;
      case Command.STMT_RESET:
        this.#statements.reset(payload);
        yield encoder.ok(status);
        break;
      default:
        throw unknownCommand(payload[0] ?? Command.SLEEP);
    }
    return 'continue';
  }

  private *query(payload: Buffer, encoder: ResponseEncoder): Generator<Buffer> {
    const textOffset = queryTextOffset(payload, encoder.has(Capability.QUERY_ATTRIBUTES));
    if (textOffset === null) throw new SqlError(ServerErrors.MALFORMED_PACKET, 'Malformed communication packet');
    const sql = payload.toString('utf8', textOffset);
    const scripted = this.onQuery?.(sql, encoder) ?? null;
    if (scripted !== null) {
      yield* scripted;
      return;
    }
    for (const { statement, parameterCount, isFollowed } of parseStatements(sql)) {
      if (parameterCount > 0) throw notUnderstood('?');
      if (isFollowed && !this.#allowsMultiStatements) throw notUnderstood(';');
      yield* this.deliver(answer(statement, this.#session, []), 'text', isFollowed, encoder);
    }
  }

  private *deliver(
    given: Answer, format: 'text' | 'binary', isFollowed: boolean, encoder: ResponseEncoder,
  ): Generator<Buffer> {
    const followed = isFollowed ? Status.MORE_RESULTS_EXISTS : 0;
    if (given.kind === 'done') {
      this.#session = { ...this.#session, ...given.change };
      yield encoder.ok(this.statusFlags() | followed, given.change.schema ?? null);
      return;
    }
    const status = this.statusFlags() | followed;
    yield encoder.resultSetHead(given.relation.columns, status);
    yield* rowBlocks(encoder, given.relation, format, given.from, given.to);
    yield encoder.terminator(status);
  }

  private initDb(schema: string, encoder: ResponseEncoder): Buffer {
    this.#session = { ...this.#session, schema };
    return encoder.ok(this.statusFlags(), schema);
  }

  private reset(login: Pick<Login, 'user' | 'schema'>): void {
    this.#session = freshSession(this.#session.connectionId, login);
    this.#statements.clear();
  }

  private statusFlags(): number {
    const { isAutocommit, isInTransaction } = this.#session;
    return (isAutocommit ? Status.AUTOCOMMIT : 0) | (isInTransaction ? Status.IN_TRANS : 0);
  }
}

function freshSession(connectionId: number, login: Pick<Login, 'user' | 'schema'>): SessionState {
  const { user, schema } = login;
  return { connectionId, user, schema, isAutocommit: true, isInTransaction: false };
}

function statistics(questions: number): string {
  return `Uptime: ${Math.round(process.uptime())}  Threads: 1  Questions: ${questions}`;
}

/**
 * The answer to an EXECUTE that opens a cursor. It has no rows. Its definitions end with one EOF packet, which says
 * that there is a cursor.
 */
function* cursorHead(given: Answer, encoder: ResponseEncoder, statusFlags: number): Generator<Buffer> {
  if (given.kind !== 'rows') return;
  const status = statusFlags | Status.CURSOR_EXISTS;
  yield encoder.resultSetHead(given.relation.columns, status);
  if (encoder.has(Capability.DEPRECATE_EOF)) yield encoder.terminator(status);
}

/**
 * The answer to COM_FIELD_LIST: definitions without a count before them, each followed by its column's default, an
 * empty text.
 */
function* fieldList(payload: Buffer, encoder: ResponseEncoder, statusFlags: number): Generator<Buffer> {
  const nul = payload.indexOf(0, 1);
  const table = tableOf(payload.toString('utf8', 1, nul < 0 ? payload.length : nul));
  const noDefault = encodeLenenc(0);
  for (const column of table.columns) {
    yield encoder.packet(Buffer.concat([columnDefinition(column), noDefault]));
  }
  yield encoder.terminator(statusFlags);
}

function unknownCommand(code: number): SqlError {
  return new SqlError(ServerErrors.UNKNOWN_COM_ERROR, `Unknown command ${commandName(code)}`);
}
