import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { EventSink } from '../telemetry/history.js';
import type { Config } from '../config/config.js';
import { expiriesIn, expiryAdvice, nextStageMs, stageOf, type Expiry, type ReadExpiry } from '../config/expiry.js';
import { expiryOf } from '../config/tlsFiles.js';
import type { Timer } from '../world/time.js';
import { world } from '../world/world.js';

/** Logs when rules and certificates are about to expire, and when they have expired. */
export class ExpiryWatch {
  /** The last stage that was logged for each setting. */
  private said = new Map<string, { readonly atMs: number; readonly stage: number }>();
  private readonly readExpiry = rememberingReader();
  private timer: Timer | undefined;

  /** @param lookEveryMs the longest time between two checks */
  constructor(
    private config: Config, private readonly log: Logger, private readonly history: EventSink,
    private readonly lookEveryMs = LOOK_EVERY_MS,
  ) {}

  /** The ends of rules and certificates, from the files as they are now. */
  get expiries(): Expiry[] {
    return expiriesIn(this.config, this.readExpiry);
  }

  /** Watches a configuration from here on. Its current stages are not logged: its loader has already reported them. */
  watch(config: Config): void {
    this.config = config;
    const nowMs = world.dateMs();
    const { expiries } = this;
    this.said = new Map(expiries.map((expiry) => [expiry.path, { atMs: expiry.atMs, stage: stageOf(expiry, nowMs) }]));
    this.look();
  }

  private look(): void {
    world.cancel(this.timer);
    const nowMs = world.dateMs();
    const { expiries } = this;
    for (const expiry of expiries) this.say(expiry, nowMs);
    if (expiries.length === 0) return;
    const nextMs = Math.min(...expiries.map((expiry) => nextStageMs(expiry, nowMs)));
    this.timer = world.after(Math.min(this.lookEveryMs, nextMs - nowMs), () => this.look()).unref();
  }

  private say(expiry: Expiry, nowMs: number): void {
    const { path, atMs } = expiry;
    const before = this.said.get(path);
    const stage = stageOf(expiry, nowMs);
    const saidStage = before?.atMs === atMs ? before.stage : 0;
    if (stage > saidStage) {
      const message = `config: ${expiryAdvice(expiry, nowMs)}`;
      this.log.warn(message);
      this.history.note('expiry', { path, message });
    }
    this.said.set(path, { atMs, stage: Math.max(stage, saidStage) });
  }
}

/** The time between two checks. In the meantime clocks may be set and certificates replaced. */
const LOOK_EVERY_MS = 60_000;

/** Reads a file again only if it has changed. */
function rememberingReader(): ReadExpiry {
  const known = new Map<string, { readonly stamp: string | null; readonly atMs: number | null }>();
  return (key, file) => {
    const stamp = stampOf(file);
    const name = `${key} ${file}`;
    const before = known.get(name);
    if (before?.stamp === stamp) return before.atMs;
    const atMs = expiryOf(key, file);
    known.set(name, { stamp, atMs });
    return atMs;
  };
}

/** A stamp that differs whenever the file has changed; null if the file cannot be read. */
function stampOf(file: string): string | null {
  try {
    const { ino, size, mtimeMs } = statSync(file);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return null;
  }
}
