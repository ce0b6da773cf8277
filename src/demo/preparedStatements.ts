import { Capability } from '../protocol/capabilities.js';
import { CURSOR_TYPE_MASK } from '../protocol/commands.js';
import { PacketReader } from '../protocol/lenenc.js';
import { FirstByte } from '../protocol/packets.js';
import { Status } from '../protocol/status.js';
import { answer, type Answer, type SessionState } from './responses.js';
import type { ResponseEncoder } from './encode.js';
import { readParameters } from './parameters.js';
import { type Relation, textColumn, type TypedValue } from './relation.js';
import { rowBlocks } from './rows.js';
import { parseStatements, type Statement } from './sql.js';
import { notUnderstood, SqlError } from './sqlError.js';
import { MAX_ALLOWED_PACKET_BYTES } from './variables.js';
import { ServerErrors } from '../protocol/errorCodes.js';

/** A connection's prepared statements, with their cursors and long data. */
export class PreparedStatements {
  readonly #byId = new Map<number, Prepared>();
  #lastId = 0;

  /** Prepares `sql`; returns the response: PREPARE_OK and the definitions of its parameters and columns. */
  prepare(sql: string, session: SessionState, statusFlags: number, encoder: ResponseEncoder): Buffer {
    if (this.#byId.size >= MAX_STATEMENTS) {
      throw new SqlError(
        ServerErrors.MAX_PREPARED_STMT_COUNT_REACHED, `Can't create more than ${MAX_STATEMENTS} prepared statements`,
      );
    }
    const { value: parsed } = parseStatements(sql).next();
    if (parsed === undefined || parsed.isFollowed) throw notUnderstood(';');
    const { statement, parameterCount } = parsed;
    const planned = answer(statement, session, []);
    const columns = planned.kind === 'rows' ? planned.relation.columns : [];
    this.#lastId += 1;
    this.#byId.set(this.#lastId, { statement, parameterCount, types: [], longData: new Map(), cursor: null });
    const head = Buffer.alloc(12);
    head[0] = FirstByte.OK;
    head.writeUInt32LE(this.#lastId, 1);
    head.writeUInt16LE(columns.length, 5);
    head.writeUInt16LE(parameterCount, 7);
    const parameters = Array.from({ length: parameterCount }, () => textColumn('?'));
    return Buffer.concat([
      encoder.packet(head),
      encoder.definitions(parameters, statusFlags),
      encoder.definitions(columns, statusFlags),
    ]);
  }

  /** Reads an EXECUTE, answers its statement with its values, and opens the cursor that it asks for. */
  execute(payload: Buffer, session: SessionState, encoder: ResponseEncoder): Execution {
    const reader = new PacketReader(payload, 1, payload.length);
    const prepared = this.find(reader.uint(4));
    const flags = reader.uint(1);
    reader.skip(4); // iteration count, always 1
    const hasQueryAttributes = encoder.has(Capability.QUERY_ATTRIBUTES);
    const bringsCount = hasQueryAttributes && (flags & PARAMETER_COUNT_AVAILABLE) !== 0;
    let values: readonly TypedValue[] = [];
    if (prepared.parameterCount > 0 || bringsCount) {
      const { parameterCount, types: knownTypes, longData } = prepared;
      const read = readParameters({ reader, parameterCount, knownTypes, longData, hasQueryAttributes });
      prepared.types = read.types;
      values = read.values;
    }
    prepared.longData = new Map();
    prepared.cursor = null;
    const given = answer(prepared.statement, session, values);
    const opensCursor = (flags & CURSOR_TYPE_MASK) !== 0 && given.kind === 'rows';
    if (opensCursor) prepared.cursor = { relation: given.relation, next: given.from, to: given.to };
    return { answer: given, opensCursor };
  }

  /** The next rows of a cursor. If there are fewer than requested, the cursor is at its end and is closed. */
  *fetch(payload: Buffer, statusFlags: number, encoder: ResponseEncoder): Generator<Buffer> {
    const reader = new PacketReader(payload, 1, payload.length);
    const id = reader.uint(4);
    const wanted = reader.uint(4);
    const prepared = this.find(id);
    const { cursor } = prepared;
    if (cursor === null) {
      throw new SqlError(ServerErrors.STMT_HAS_NO_OPEN_CURSOR, `The statement (${id}) has no open cursor.`);
    }
    const from = cursor.next;
    cursor.next = Math.min(from + wanted, cursor.to);
    yield* rowBlocks(encoder, cursor.relation, 'binary', from, cursor.next);
    const isAtEnd = cursor.next - from < wanted;
    if (isAtEnd) prepared.cursor = null;
    yield encoder.terminator(statusFlags | (isAtEnd ? Status.LAST_ROW_SENT : Status.CURSOR_EXISTS));
  }

  /** Keeps a part of a parameter for the next EXECUTE. The command has no response, so mistakes are ignored. */
  addLongData(payload: Buffer): void {
    const reader = new PacketReader(payload, 1, payload.length);
    const prepared = this.#byId.get(reader.uint(4));
    const index = reader.uint(2);
    if (reader.failed || prepared === undefined || index >= prepared.parameterCount) return;
    const before = prepared.longData.get(index) ?? Buffer.alloc(0);
    const held = [...prepared.longData.values()].reduce((sum, { length }) => sum + length, 0);
    if (held + reader.left > MAX_ALLOWED_PACKET_BYTES) return;
    prepared.longData.set(index, Buffer.concat([before, reader.slice(reader.left)]));
  }

  /** Drops a statement. The command has no response. */
  close(payload: Buffer): void {
    if (payload.length >= 5) this.#byId.delete(payload.readUInt32LE(1));
  }

  /** Closes a statement's cursor and drops its long data. */
  reset(payload: Buffer): void {
    const prepared = this.find(new PacketReader(payload, 1, payload.length).uint(4));
    prepared.cursor = null;
    prepared.longData = new Map();
  }

  /** Drops all statements, as a server does when a connection is reset or changes its user. */
  clear(): void {
    this.#byId.clear();
  }

  private find(id: number): Prepared {
    const prepared = this.#byId.get(id);
    if (prepared !== undefined) return prepared;
    const message = `Unknown prepared statement handler (${id}) given to EXECUTE`;
    throw new SqlError(ServerErrors.UNKNOWN_STMT_HANDLER, message);
  }
}

/** Both servers refuse more statements by default (`max_prepared_stmt_count`). */
const MAX_STATEMENTS = 16_382;

/** A bit of EXECUTE's flags: the packet has a count of parameters even if the statement has no parameter. */
const PARAMETER_COUNT_AVAILABLE = 0x08;

interface Cursor {
  readonly relation: Relation;
  next: number;
  readonly to: number;
}

interface Prepared {
  readonly statement: Statement;
  readonly parameterCount: number;
  types: readonly number[];
  longData: Map<number, Buffer>;
  cursor: Cursor | null;
}

/** An EXECUTE after reading. */
export interface Execution {
  readonly answer: Answer;
  readonly opensCursor: boolean;
}
