import { Command, LAST_PREPARED_STATEMENT_ID } from '../../src/protocol/commands.js';
import * as ask from '../support/commandPayloads.js';
import { executePayload } from '../support/executePacket.js';
import type { Random } from '../support/random.js';
import * as wire from '../support/wirePackets.js';
import { PlayedServer } from './playedServer.js';

// Commands of which rules refuse some, and what both ends must hear of them: a model of the rules, of prepared
// statements, and of what a refused execution leaves behind.

/** The rules, in their order. Besides, each is in mode `audit` where nothing is to be refused. */
export const RULES = [
  { name: 'watched', match: { tags: { route: '/watched*' } }, action: 'refuse', mode: 'audit' },
  { name: 'old-route', match: { tags: { route: '/old*' } }, action: 'refuse' },
  { name: 'no-ddl', match: { statement: 'ddl' }, action: 'refuse', refusal: { unjudged: true } },
  { name: 'prod', match: { schema: 'prod', statement: 'select' }, action: 'refuse' },
] as const;
type RuleName = typeof RULES[number]['name'];

interface Text {
  readonly sql: string;
  /** The kinds of its statements. */
  readonly kinds: readonly string[];
  /** It may hold more than these. */
  readonly isUnjudged?: true;
}

const TEXTS: readonly Text[] = [
  { sql: 'SELECT 1 FROM t', kinds: ['select'] },
  { sql: 'SELECT * FROM t WHERE a = ?', kinds: ['select'] },
  { sql: 'INSERT INTO t VALUES (?)', kinds: ['dml'] },
  { sql: 'DROP TABLE t', kinds: ['ddl'] },
  { sql: 'SELECT 2 FROM t; DROP TABLE t', kinds: ['select', 'ddl'] },
  { sql: 'EXECUTE s', kinds: ['other'], isUnjudged: true },
  { sql: `SELECT '${'x'.repeat(20_000)}' FROM t`, kinds: ['select'], isUnjudged: true },
];
const ROUTES = [null, null, null, '/watched/1', '/old/1', '/new/1'] as const;
type Route = typeof ROUTES[number];

const VAR_STRING = 0xfd;
const valueOf = (text: string): Buffer => Buffer.from(`${String.fromCharCode(text.length)}${text}`);

interface Prepared {
  readonly text: Text;
  readonly hasParameter: boolean;
  /** Whether values were sent since its last execution, and whether the server still has some for the next one. */
  hasSentAhead: boolean;
  hasLongData: boolean;
  /** The server has a cursor open. */
  hasCursor: boolean;
  /** The server lacks the types that came with a refused execution. */
  lacksTypes: boolean;
}

/** What a statement has after an execution without a cursor. */
const NOTHING_LEFT = { hasSentAhead: false, hasLongData: false, hasCursor: false };

/** The number and the text of an error of Sluice's own. */
type Refusal = readonly [code: number, message: string];
const NOT_PREPARED: Refusal = [1243, 'sluice: the statement prepared last was refused'];
const NO_TYPES: Refusal = [
  1243,
  'sluice: the types of the parameters came with an execution that was refused; prepare the statement again',
];

/** What both ends have to hear of a session's commands, and its records. */
export interface Talk {
  /** The packets of the commands, each on its own. */
  readonly asked: Buffer[];
  /** What the server hears, and what the client hears. */
  readonly atServer: Buffer[];
  readonly atClient: Buffer[];
  readonly records: { readonly action: string; readonly rule: string }[];
}

/** Makes up a talk. */
export class TalkMaker {
  readonly talk: Talk = { asked: [], atServer: [], atClient: [], records: [] };
  private readonly server: PlayedServer;
  private readonly prepared = new Map<number, Prepared>();
  private last: number | null = null;
  private isLastRefused = false;
  private schema = 'shop';

  constructor(
    private readonly random: Random, dialect: wire.DialectName, private readonly mode: 'enforce' | 'audit',
  ) {
    this.server = new PlayedServer(dialect);
  }

  /** A talk of that many commands. */
  make(commands: number): Talk {
    const { random } = this;
    const makers = [
      () => this.query(), () => this.query(), () => this.prepare(), () => this.prepare(), () => this.execute(),
      () => this.execute(), () => this.execute(), () => this.sendAhead(), () => this.close(), () => this.reset(),
      () => this.fetch(), () => this.useSchema(), () => this.plain(),
    ];
    for (let made = 0; made < commands; made += 1) random.pick(makers)();
    return this.talk;
  }

  private query(): void {
    const { random } = this;
    const text = random.pick(TEXTS);
    const route = random.pick(ROUTES);
    const attributes = route === null ? [] : [{ name: 'route', type: VAR_STRING, value: valueOf(route) }];
    this.judged(ask.attributedQuery(text.sql, attributes), this.refusals(text, route));
  }

  private prepare(): void {
    const text = this.random.pick(TEXTS);
    if (!this.judged(ask.prepare(text.sql), this.refusals(text, null))) {
      this.isLastRefused = true;
      this.last = null;
      return;
    }
    this.isLastRefused = false;
    this.last = this.server.lastId;
    const hasParameter = text.sql.includes('?');
    this.prepared.set(this.last, { text, hasParameter, ...NOTHING_LEFT, lacksTypes: false });
  }

  private execute(): void {
    const { random } = this;
    const id = this.someId();
    const statement = this.named(id);
    const route = random.pick(ROUTES);
    const withoutTypes = route === null && random.chance(0.3);
    const parameters = [
      // A value that was sent ahead does not come again.
      ...(statement?.hasParameter === true
        ? [{ type: VAR_STRING, bytes: statement.hasLongData ? Buffer.alloc(0) : valueOf('value') }] : []),
      ...(route === null ? [] : [{ type: VAR_STRING, name: 'route', bytes: valueOf(route) }]),
    ];
    const payload = parameters.length === 0 ? ask.execute(id)
      : executePayload(parameters, { statementId: id, hasQueryAttributes: true, withoutTypes });
    if (random.chance(0.2)) payload[5]! |= ask.CURSOR_READ_ONLY;
    const sendsTypes = parameters.length > 0 && !withoutTypes;
    if (this.isRefusedLast(id)) return this.refused(payload, NOT_PREPARED);
    if (statement?.lacksTypes === true && parameters.length > 0 && !sendsTypes) {
      this.leaveNothing(id, statement, payload, NO_TYPES);
      return;
    }
    const found = statement === null ? ['no-ddl' as const] : this.refusals(statement.text, route);
    const refusal = this.recorded(found);
    if (refusal !== null && statement !== null) {
      if (sendsTypes) statement.lacksTypes = true;
      this.leaveNothing(id, statement, payload, refusal);
    } else if (refusal !== null) this.refused(payload, refusal);
    else {
      this.passes(payload);
      if (statement === null) return;
      Object.assign(statement, NOTHING_LEFT);
      statement.hasCursor = (payload[5]! & ask.CURSOR_READ_ONLY) !== 0;
      if (sendsTypes) statement.lacksTypes = false;
    }
  }

  /** Refuses an execution, and has the server reset the statement where it left something there. */
  private leaveNothing(id: number, statement: Prepared, payload: Buffer, refusal: Refusal): void {
    this.refused(payload, refusal);
    const { hasSentAhead, hasCursor } = statement;
    Object.assign(statement, NOTHING_LEFT, { hasCursor });
    if (!hasSentAhead && !hasCursor) return;
    const ownId = id === LAST_PREPARED_STATEMENT_ID ? this.last! : id;
    this.talk.atServer.push(wire.packetsFrom(0, ask.reset(ownId)));
    this.server.answer(ask.reset(ownId));
    statement.hasCursor = false;
  }

  private sendAhead(): void {
    const id = this.someId();
    // In mode audit it may come before the answer to a COM_STMT_RESET, which Sluice then takes for the end of it.
    if (this.mode === 'audit') return;
    this.naming(id, ask.longData(id, 0, 'sent ahead'), (statement) => {
      statement.hasSentAhead = true;
      statement.hasLongData = true;
    }, null);
  }

  private close(): void {
    const id = this.someId();
    this.naming(id, ask.close(id), () => {
      const ownId = id === LAST_PREPARED_STATEMENT_ID ? this.last! : id;
      this.prepared.delete(ownId);
      if (this.last === ownId) this.last = null;
    }, null);
  }

  private reset(): void {
    const id = this.someId();
    this.naming(id, ask.reset(id), (statement) => {
      statement.hasCursor = false;
      statement.hasLongData = false;
    }, NOT_PREPARED);
  }

  private fetch(): void {
    const id = this.someId();
    this.naming(id, ask.fetch(id, 2), (statement) => { statement.hasCursor = false; }, NOT_PREPARED);
  }

  /** A command that names a statement and is not judged. @param refusal null where it has no answer */
  private naming(
    id: number, payload: Buffer, then: (statement: Prepared) => void, refusal: Refusal | null,
  ): void {
    if (this.isRefusedLast(id)) {
      this.refused(payload, refusal);
      return;
    }
    this.passes(payload);
    const statement = this.named(id);
    if (statement !== null) then(statement);
  }

  private useSchema(): void {
    this.schema = this.random.pick(['shop', 'shop', 'prod']);
    this.passes(ask.command(Command.INIT_DB, this.schema));
  }

  private plain(): void {
    if (this.random.chance(0.8)) {
      this.passes(ask.command(Command.PING));
      return;
    }
    this.passes(ask.command(Command.RESET_CONNECTION));
    this.prepared.clear();
    this.last = null;
    this.isLastRefused = false;
  }

  private someId(): number {
    const { random } = this;
    if (random.chance(0.3)) return LAST_PREPARED_STATEMENT_ID;
    const known = [...this.prepared.keys()];
    return known.length > 0 && random.chance(0.95) ? random.pick(known) : 9999;
  }

  private named(id: number): Prepared | null {
    const ownId = id === LAST_PREPARED_STATEMENT_ID ? this.last : id;
    return ownId === null ? null : this.prepared.get(ownId) ?? null;
  }

  private isRefusedLast(id: number): boolean {
    return id === LAST_PREPARED_STATEMENT_ID && this.isLastRefused;
  }

  /** The rules that refuse a text, or would: the first one for each of its statements, and for what it may hold. */
  private refusals({ kinds, isUnjudged }: Text, route: Route): RuleName[] {
    const ruleOf = (kind: string): RuleName | null => {
      if (route?.startsWith('/watched') === true) return 'watched';
      if (route?.startsWith('/old') === true) return 'old-route';
      if (kind === 'ddl') return 'no-ddl';
      return kind === 'select' && this.schema === 'prod' ? 'prod' : null;
    };
    const found = kinds.map(ruleOf).filter((name) => name !== null);
    return isUnjudged === true ? [...found, 'no-ddl'] : found;
  }

  /** Sends a command that these rules refuse, or would. Returns whether it passes. */
  private judged(payload: Buffer, found: readonly RuleName[]): boolean {
    const refusal = this.recorded(found);
    if (refusal === null) this.passes(payload);
    else this.refused(payload, refusal);
    return refusal === null;
  }

  /** Notes the record of a command that these rules refuse, or would. Returns the error; null if it passes. */
  private recorded(found: readonly RuleName[]): Refusal | null {
    const refusing = this.mode === 'audit' ? undefined : found.find((name) => name !== 'watched');
    const rule = refusing ?? found[0];
    if (rule === undefined) return null;
    this.talk.records.push({ action: refusing === undefined ? 'would-refuse' : 'refuse', rule });
    return refusing === undefined ? null : [3164, `sluice: statement refused (rule ${rule})`];
  }

  private passes(payload: Buffer): void {
    const { asked, atServer, atClient } = this.talk;
    const packet = wire.packetsFrom(0, payload);
    asked.push(packet);
    atServer.push(packet);
    atClient.push(this.server.answer(payload));
  }

  /** @param refusal null for a command that has no answer */
  private refused(payload: Buffer, refusal: Refusal | null): void {
    this.talk.asked.push(wire.packetsFrom(0, payload));
    if (refusal !== null) this.talk.atClient.push(wire.packetsFrom(1, wire.err(...refusal)));
  }
}
