import { Command } from '../../../src/protocol/commands.js';
import { encodePacket } from '../../../src/protocol/framing.js';
import { Status } from '../../../src/protocol/status.js';
import { definition, eof, err, ok, okEof, preparedAnswer } from '../../support/wirePackets.js';
import type { Exchange } from '../ledger.js';
import type { StatementPlan } from '../plan.js';
import {
  failure, headOf, isSingleReadOnly, type Layout, repliesTo, type Reply, rowsEndOf, rowsOf, tagIn,
} from '../statements.js';
import { statementsOf } from '../plan.js';
import type { ServerConnection } from './serverConnection.js';
import { authSwitch } from './serverLogin.js';

/** A statement that a connection has prepared. */
interface Prepared {
  readonly statement: StatementPlan;
  /** The next row of its cursor; null if none is open. */
  cursorAt: number | null;
}

/** Runs the commands of one client's connection at the server. */
export class CommandRunner {
  private readonly prepared = new Map<number, Prepared>();
  private lastStatementId = 0;
  private readonly statements: ReadonlyMap<number, StatementPlan>;

  constructor(private readonly connection: ServerConnection) {
    const { plan } = connection.server.stage;
    this.statements = new Map(statementsOf(plan).map((statement) => [statement.tag, statement]));
  }

  /** Runs one command to the end of its response. */
  async run(payload: Buffer): Promise<void> {
    const { connection, connection: { sender } } = this;
    const exchange = this.exchangeOf(payload);
    sender.begin();
    if (exchange === null) return this.ownCommand(payload);
    connection.current = exchange;
    exchange.startedAtMs = connection.server.stage.nowMs();
    switch (payload[0]) {
      case Command.QUERY:
        return this.query(exchange, payload.toString('latin1', 1));
      case Command.STMT_PREPARE:
        return this.prepare(exchange, payload.toString('latin1', 1));
      case Command.STMT_EXECUTE:
        return this.execute(exchange, payload.readUInt32LE(1), payload[5] !== 0);
      case Command.STMT_FETCH:
        return this.fetch(exchange, payload.readUInt32LE(1), payload.readUInt32LE(5));
      case Command.STMT_RESET:
        return this.reset(exchange, payload.readUInt32LE(1));
      case Command.STMT_CLOSE:
        this.prepared.delete(payload.readUInt32LE(1));
        this.done(exchange);
        return;
      case Command.CHANGE_USER:
        return this.changeUser(exchange, payload);
      case Command.RESET_CONNECTION:
        this.forget();
        return this.single(exchange, ok(connection.statusFlags));
      case Command.STATISTICS:
        return this.single(exchange, Buffer.from('Uptime: 7  Threads: 1'));
      case Command.SET_OPTION:
        return this.single(exchange, this.rowsEnd());
      case Command.FIELD_LIST:
        return this.fields(exchange);
      default:
        return this.single(exchange, ok(connection.statusFlags));
    }
  }

  /**
   * The client's command that has arrived; null if it is one of Sluice's own. Those in between were not run: Sluice has
   * answered them.
   */
  exchangeOf(payload: Buffer): Exchange | null {
    const { ledger, server: { stage } } = this.connection;
    const { exchanges, arrived } = ledger!;
    for (let index = arrived; index < exchanges.length; index += 1) {
      const exchange = exchanges[index]!;
      if (!exchange.payload.equals(payload)) continue;
      ledger!.arrived = index + 1;
      exchange.arrivedAtMs = stage.nowMs();
      if (exchange.tag !== null) stage.news.note(`arrived ${exchange.tag}`);
      return exchange;
    }
    if (this.isOwn(payload)) return null;
    const text = `${ledger!.user}: the server got a command that the client has not sent: ${shown(payload)}`;
    stage.violations.add('commands', text);
    return null;
  }

  private isOwn(payload: Buffer): boolean {
    return payload[0] === Command.QUIT || payload[0] === Command.STMT_RESET ||
      SET_UP.test(payload.toString('latin1', 1));
  }

  private async ownCommand(payload: Buffer): Promise<void> {
    const { connection } = this;
    if (payload[0] === Command.STMT_RESET) this.closeCursor(payload.readUInt32LE(1));
    connection.server.stage.news.fact('world', payload[0] === Command.STMT_RESET ? 'own reset' : 'set-up');
    connection.write(encodePacket(1, ok(connection.statusFlags)));
  }

  private async query(exchange: Exchange, sql: string): Promise<void> {
    const { connection, connection: { sender } } = this;
    const statement = this.statements.get(tagIn(sql) ?? -1);
    if (statement === undefined) return this.single(exchange, err(1064, 'You have an error in your SQL syntax'));
    if (!await sender.think(statement.thinkMs)) return;
    if (statement.verb === 'begin') connection.statusFlags |= Status.IN_TRANS;
    if (statement.verb === 'commit') connection.statusFlags &= ~Status.IN_TRANS;
    await this.answer(exchange, repliesTo(statement, this.layout(false)), statement);
  }

  private async answer(exchange: Exchange, replies: Iterable<Reply>, { gapMs }: StatementPlan): Promise<void> {
    for (const part of partsOf(replies)) {
      if (!await this.connection.sender.send(exchange, part.replies(), gapMs)) return;
      if (part.asksForFile() && !await this.receiveFile()) return;
    }
    this.done(exchange);
  }

  /** Reads the packets of a file, up to an empty one. */
  private async receiveFile(): Promise<boolean> {
    const { connection, connection: { sender } } = this;
    for (let packet = await connection.next(); packet !== null; packet = await connection.next()) {
      sender.sequenceId = packet.sequenceId + 1;
      if (packet.payload.length === 0) return true;
    }
    return false;
  }

  private async prepare(exchange: Exchange, sql: string): Promise<void> {
    const statement = this.statements.get(tagIn(sql) ?? -1);
    if (statement === undefined) return this.single(exchange, err(1064, 'You have an error in your SQL syntax'));
    this.lastStatementId += 1;
    this.prepared.set(this.lastStatementId, { statement, cursorAt: null });
    const [first] = statement.answers;
    const columns = first?.kind === 'rows' ? first.columns : 0;
    const dialect = this.connection.deprecatesEof ? 'deprecate-eof' : 'eof';
    const payloads = preparedAnswer(dialect, this.lastStatementId, columns, 0);
    await this.sendAll(exchange, payloads);
  }

  private async execute(exchange: Exchange, id: number, wantsCursor: boolean): Promise<void> {
    const { connection: { sender } } = this;
    const prepared = this.prepared.get(id);
    if (prepared === undefined) return this.single(exchange, err(1243, 'Unknown prepared statement handler'));
    const { statement } = prepared;
    prepared.cursorAt = null;
    if (!await sender.think(statement.thinkMs)) return;
    const [first] = statement.answers;
    if (!wantsCursor || first?.kind !== 'rows' || !isSingleReadOnly(statement)) {
      return this.answer(exchange, repliesTo(statement, this.layout(true)), statement);
    }
    prepared.cursorAt = 0;
    const layout = this.layout(true);
    const statusFlags = layout.statusFlags | Status.CURSOR_EXISTS;
    const head = [...headOf(first.columns, { ...layout, deprecatesEof: true })];
    const end: Reply = { payload: rowsEndOf(layout.deprecatesEof, statusFlags), kind: 'end', isLast: true };
    await this.answer(exchange, [...head, end], statement);
  }

  private async fetch(exchange: Exchange, id: number, count: number): Promise<void> {
    const prepared = this.prepared.get(id);
    const at = prepared?.cursorAt ?? null;
    if (prepared === undefined || at === null) {
      return this.single(exchange, err(1421, 'The statement has no open cursor'));
    }
    const { statement, statement: { failsAfterRows } } = prepared;
    const rows = [...rowsOf(statement, 0, true, at, Math.min(at + count, failsAfterRows ?? Infinity))];
    const isOver = rows.length < count;
    if (isOver && at + rows.length === failsAfterRows) {
      prepared.cursorAt = null;
      return this.answer(exchange, [...rows, failure], statement);
    }
    prepared.cursorAt = isOver ? null : at + rows.length;
    const statusFlags = this.connection.statusFlags | (isOver ? Status.LAST_ROW_SENT : Status.CURSOR_EXISTS);
    const payload = rowsEndOf(this.connection.deprecatesEof, statusFlags);
    await this.answer(exchange, [...rows, { payload, kind: 'end', isLast: true }], statement);
  }

  private async reset(exchange: Exchange, id: number): Promise<void> {
    this.closeCursor(id);
    await this.single(exchange, ok(this.connection.statusFlags));
  }

  private closeCursor(id: number): void {
    const prepared = this.prepared.get(id);
    if (prepared !== undefined) prepared.cursorAt = null;
  }

  private async changeUser(exchange: Exchange, payload: Buffer): Promise<void> {
    const { connection, connection: { sender } } = this;
    this.forget();
    const asks: Reply = { payload: authSwitch(), kind: 'head', isLast: false, asks: 'proof' };
    if (!await sender.send(exchange, [asks], 0)) return;
    const proof = await connection.next();
    if (proof === null) return;
    sender.sequenceId = proof.sequenceId + 1;
    connection.changeUser(payload);
    await this.single(exchange, ok(connection.statusFlags));
  }

  private async fields(exchange: Exchange): Promise<void> {
    const fields = ['c0', 'c1'].map((name) => Buffer.concat([definition(name), Buffer.from([NULL])]));
    await this.sendAll(exchange, [...fields, this.rowsEnd()]);
  }

  /** The session is reset. */
  private forget(): void {
    this.prepared.clear();
    this.connection.statusFlags &= ~Status.IN_TRANS;
  }

  private single(exchange: Exchange, payload: Buffer): Promise<void> {
    return this.sendAll(exchange, [payload]);
  }

  private async sendAll(exchange: Exchange, payloads: readonly Buffer[]): Promise<void> {
    const last = payloads.length - 1;
    const replies = payloads.map((payload, index): Reply =>
      ({ payload, kind: index === last ? 'end' : 'head', isLast: index === last }));
    if (await this.connection.sender.send(exchange, replies, 0)) this.done(exchange);
  }

  private done(exchange: Exchange): void {
    exchange.doneAtMs = this.connection.server.stage.nowMs();
  }

  private rowsEnd(): Buffer {
    const { deprecatesEof, statusFlags } = this.connection;
    return deprecatesEof ? okEof(statusFlags) : eof(statusFlags);
  }

  private layout(isBinary: boolean): Layout {
    const { deprecatesEof, statusFlags } = this.connection;
    return { deprecatesEof, isBinary, statusFlags };
  }
}

const SET_UP = /^SET SESSION net_write_timeout = \d+$/;
const NULL = 0xfb;

const shown = (payload: Buffer): string => JSON.stringify(payload.toString('latin1', 0, 80));

/** A part of a response, up to a request for a file or to the end. */
interface Part {
  replies(): Iterable<Reply>;
  asksForFile(): boolean;
}

/** The parts of a response between the requests for files. Each has to be read before the next one. */
function* partsOf(replies: Iterable<Reply>): Generator<Part> {
  const source = replies[Symbol.iterator]();
  let isOver = false;
  while (!isOver) {
    let asks = false;
    yield {
      * replies() {
        for (let next = source.next(); ; next = source.next()) {
          if (next.done === true) {
            isOver = true;
            return;
          }
          yield next.value;
          asks = next.value.kind === 'file';
          if (asks) return;
        }
      },
      asksForFile: () => asks,
    };
  }
}
