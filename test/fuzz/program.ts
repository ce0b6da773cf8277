import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PairedServer } from '../support/pairs.js';
import { Random } from '../support/random.js';
import { IN_CLEAR, startSluice, type Sluice } from '../support/sluice.js';
import { Canary } from './canary.js';
import { conversationOf, linesOf } from './conversations.js';
import { Ends } from './ends.js';
import type { Mode, Played } from './mode.js';
import { LONG_MS, playAndLeave, seeOut } from './playing.js';
import { LOW } from './sockets.js';

// Conversations through the built program: it lives, its memory and its descriptors come back to where they were, and each
// line that it writes is one line, of its own.

/** Read buffers of sixteen sessions, what they keep, and a heap that is collected late. */
const MAX_RESIDENT_BYTES = 400 * 1024 * 1024;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const ACTIONS = ['cut', 'truncate', 'close', 'would-cut', 'warn', 'sample'];

/** Sockets that a process has open. */
const socketsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/fd`).filter((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;

/** What is wrong with what was written to the audit: each line is a record that Sluice wrote itself, or null. */
const wrongAudit = (text: string): string | null => {
  const lines = text.split('\n');
  if (lines.pop() !== '') return 'the audit ends in the middle of a line';
  for (const line of lines) {
    if (UNPRINTABLE.test(line)) return `a record has what a terminal does not show: ${JSON.stringify(line)}`;
    if (!line.startsWith('{"time":"')) return `a record that does not begin with its time: ${line}`;
    const { action, session, rows } = JSON.parse(line) as Record<string, unknown>;
    const isOurs = ACTIONS.includes(String(action)) && Number.isInteger(session) && Number.isInteger(rows);
    if (!isOurs) return `a record that Sluice did not write: ${line}`;
  }
  return null;
};

export class ProgramMode implements Mode {
  readonly concurrency = 16;

  private constructor(
    private readonly ends: Ends,
    private readonly server: PairedServer,
    private readonly sluice: Sluice,
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
    const config = { ...IN_CLEAR, ...LOW, audit: { to: audit, params: true }, log: { level: 'debug' } };
    const sluice = await startSluice(ends, { upstream: server.port, config });
    const canary = await Canary.start(await server.pair(sluice.port));
    return new ProgramMode(ends, server, sluice, audit, canary, socketsOf(sluice.pid));
  }

  inputOf(seed: number): readonly string[] {
    return linesOf(conversationOf(new Random(seed)));
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const turns = conversationOf(random);
    const pair = await this.server.pair(this.sluice.port);
    await playAndLeave(random, pair, turns);
    const ended = Promise.all([pair.client.until(() => pair.client.isClosed), pair.server.until(() => pair.server.isClosed)]);
    const hasEnded = await seeOut(pair, ended);
    return { bytes: turns.reduce((sum, { bytes }) => sum + bytes.length, 0), problem: hasEnded ? null : 'a session did not end' };
  }

  async inspect(): Promise<string | null> {
    return this.canary.problem ?? await this.leftSockets() ?? this.wrongMemory() ?? this.wrongLog() ?? this.wrongRecords();
  }

  async close(): Promise<void> {
    await this.canary.stop();
    const code = await this.sluice.stop();
    const problem = wrongAudit(readFileSync(this.audit, 'utf8'));
    await this.ends.endAll();
    if (code !== 0) throw new Error(`the program ended with ${code}`);
    if (problem !== null) throw new Error(problem);
  }

  private async leftSockets(): Promise<string | null> {
    const lateMs = Date.now() + LONG_MS;
    for (;;) {
      const left = socketsOf(this.sluice.pid) - this.idleSockets;
      if (left <= 0) return null;
      if (Date.now() > lateMs) return `${left} sockets are left open`;
      await delay(20);
    }
  }

  private wrongMemory(): string | null {
    const bytes = this.sluice.residentBytes();
    return bytes > MAX_RESIDENT_BYTES ? `${bytes} bytes are resident` : null;
  }

  private wrongLog(): string | null {
    const odd = this.sluice.takeLog().find(({ level, msg }) => typeof level !== 'string' || typeof msg !== 'string');
    if (this.sluice.complaint() !== '') return `something is written that is no line of the log: ${this.sluice.complaint()}`;
    return odd === undefined ? null : `a line of the log that Sluice did not write: ${JSON.stringify(odd)}`;
  }

  private wrongRecords(): string | null {
    const text = readFileSync(this.audit, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const problem = wrongAudit(text.slice(0, end));
    if (end === text.length) truncateSync(this.audit, 0);
    return problem;
  }
}
