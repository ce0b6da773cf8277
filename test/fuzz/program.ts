import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PairedServer } from '../support/pairs.js';
import { Random } from '../support/random.js';
import { IN_CLEAR, startSluice, type Sluice } from '../support/sluice.js';
import { Canary } from './canary.js';
import { readMetrics, RecordCounts } from './counts.js';
import { conversationOf, linesOf } from './conversations.js';
import { Ends } from './ends.js';
import type { Mode, Played } from './mode.js';
import { socketsOf } from './openSockets.js';
import { LONG_MS, playAndLeave, seeOut } from './playing.js';
import { LOW } from './sockets.js';

// Conversations through the built program. It lives, its memory and descriptors return to their level, and each line
// that it writes is one whole line of its own, and is counted.

/** Read buffers of sixteen sessions, their kept bytes, and a heap that is collected late. */
const MAX_RESIDENT_BYTES = 400 * 1024 * 1024;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
/** Rules that refuse: of a user whom only some become, and otherwise only in the records. */
const RULES = [
  { name: 'not-you', match: { user: 'you' }, action: 'refuse', refusal: { unjudged: true } },
  { name: 'no-changes', match: { statement: ['dml', 'ddl', 'call'] }, action: 'refuse', mode: 'audit' },
];
/** One in this many seeds reloads the configuration meanwhile. */
const RELOAD_EVERY = 100;

/** Counts whole lines of the audit. Returns what is wrong: each line must be a record that Sluice wrote. */
const countRecords = (text: string, counts: RecordCounts): string | null => {
  for (const line of text.split('\n').slice(0, -1)) {
    if (UNPRINTABLE.test(line)) return `a record has what a terminal does not show: ${JSON.stringify(line)}`;
    if (!line.startsWith('{"time":"')) return `a record that does not begin with its time: ${line}`;
    const { event, action, session, rows } = JSON.parse(line) as Record<string, unknown>;
    const hasRows = Number.isInteger(rows) || event === 'refused';
    const isOurs = RecordCounts.isKnown(String(action)) && Number.isInteger(session) && hasRows;
    if (!isOurs) return `a record that Sluice did not write: ${line}`;
    counts.add(String(action));
  }
  return null;
};

/** Repeats a check until it passes, for as long as that may take on a busy machine. */
const settled = async (wrong: () => Promise<string | null>): Promise<string | null> => {
  const lateMs = Date.now() + LONG_MS;
  for (;;) {
    const problem = await wrong();
    if (problem === null || Date.now() > lateMs) return problem;
    await delay(20);
  }
};

export class ProgramMode implements Mode {
  readonly concurrency = 16;
  private readonly counts = new RecordCounts();
  /** Bytes of the audit that have been read. */
  private readBytes = 0;
  private recordProblem: string | null = null;

  private constructor(
    private readonly ends: Ends,
    private readonly server: PairedServer,
    private readonly sluice: Sluice,
    private readonly adminPort: number,
    private readonly audit: string,
    private readonly canary: Canary,
    private readonly idleSockets: number,
  ) {}

  static async open(): Promise<ProgramMode> {
    const ends = new Ends();
    const folder = mkdtempSync(join(tmpdir(), 'sluice-fuzz-'));
    ends.teardown(() => rmSync(folder, { recursive: true }));
    const server = await PairedServer.listen();
    ends.teardown(() => server.stop());
    const audit = join(folder, 'audit.json');
    const config = {
      ...IN_CLEAR, ...LOW, audit: { to: audit, params: true, sample: { oneIn: 10 } }, log: { level: 'debug' },
      admin: { listen: '127.0.0.1:0' }, rules: RULES,
    };
    const sluice = await startSluice(ends, { upstream: server.port, config });
    const admin = sluice.log().find(({ msg }) => msg === 'listening')?.['admin'];
    const canary = await Canary.start(await server.pair(sluice.port));
    return new ProgramMode(
      ends, server, sluice, Number(String(admin).split(':').at(-1)), audit, canary, socketsOf(sluice.pid),
    );
  }

  inputOf(seed: number): readonly string[] {
    return linesOf(conversationOf(new Random(seed)));
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const turns = conversationOf(random);
    if (seed % RELOAD_EVERY === 0) process.kill(this.sluice.pid, 'SIGHUP');
    const pair = await this.server.pair(this.sluice.port);
    await playAndLeave(random, pair, turns);
    const ended = Promise.all(
      [pair.client.until(() => pair.client.isClosed), pair.server.until(() => pair.server.isClosed)],
    );
    const hasEnded = await seeOut(pair, ended);
    return {
      bytes: turns.reduce((sum, { bytes }) => sum + bytes.length, 0),
      problem: hasEnded ? null : 'a session did not end',
    };
  }

  async inspect(): Promise<string | null> {
    return this.canary.problem ?? await settled(() => this.leftSockets()) ?? this.wrongMemory() ?? this.wrongLog()
      ?? this.canary.still(() => settled(() => this.wrongRecords()));
  }

  async close(): Promise<void> {
    await this.canary.stop();
    const code = await this.sluice.stop();
    await this.ends.endAll();
    if (code !== 0) throw new Error(`the program ended with ${code}`);
  }

  private async leftSockets(): Promise<string | null> {
    const left = socketsOf(this.sluice.pid) - this.idleSockets;
    return left > 0 ? `${left} sockets are left open` : null;
  }

  private wrongMemory(): string | null {
    const bytes = this.sluice.residentBytes();
    return bytes > MAX_RESIDENT_BYTES ? `${bytes} bytes are resident` : null;
  }

  private wrongLog(): string | null {
    const odd = this.sluice.takeLog().find(({ level, msg }) => typeof level !== 'string' || typeof msg !== 'string');
    if (this.sluice.complaint() !== '') {
      return `something is written that is no line of the log: ${this.sluice.complaint()}`;
    }
    return odd === undefined ? null : `a line of the log that Sluice did not write: ${JSON.stringify(odd)}`;
  }

  /** Compares the records so far with the program's counts. When they agree, no record is on its way. */
  private async wrongRecords(): Promise<string | null> {
    const unread = readFileSync(this.audit).subarray(this.readBytes);
    const lines = unread.toString('utf8', 0, unread.lastIndexOf('\n') + 1);
    this.readBytes += Buffer.byteLength(lines);
    this.recordProblem ??= countRecords(lines, this.counts);
    const problem = this.recordProblem ?? this.counts.wrongMetrics(await readMetrics(this.adminPort));
    if (problem !== null) return problem;
    truncateSync(this.audit, 0);
    this.readBytes = 0;
    return null;
  }
}
