import { formatPlace } from '../config/address.js';
import { ControlConnection, type Remote, type ControlSettings } from './controlConnection.js';
import { world } from '../world/world.js';

/** Reads the time-outs of upstream servers over control connections. */
export class ServerTimeouts {
  private readonly found = new Map<string, Answer>();

  constructor(private readonly settings: Omit<ControlSettings, 'encrypt'>) {}

  /**
   * How long a server waits for a client that does not read, in ms: its global `net_write_timeout`, which applies to a
   * session that sets none of its own. Null if the server does not tell. Never rejects.
   */
  netWriteTimeoutMs(remote: Remote): Promise<number | null> {
    const key = formatPlace(remote.at);
    const found = this.found.get(key);
    if (found !== undefined && world.nowMs() < found.untilMs) return found.netWriteTimeoutMs;
    if (this.found.size >= MAX_ANSWERS) this.found.clear();
    const netWriteTimeoutMs = this.ask(remote).catch(() => null);
    this.found.set(key, { untilMs: world.nowMs() + GOOD_FOR_MS, netWriteTimeoutMs });
    return netWriteTimeoutMs;
  }

  private async ask(remote: Remote): Promise<number | null> {
    const connection = new ControlConnection(remote, { ...this.settings, encrypt: remote.encrypt });
    await connection.logIn();
    const [row] = await connection.query('SELECT @@GLOBAL.net_write_timeout');
    connection.quit();
    const seconds = Number(row?.[0] ?? NaN);
    return Number.isInteger(seconds) ? seconds * 1000 : null;
  }
}

/** The time for which an answer is valid. An administrator may change the value. */
const GOOD_FOR_MS = 60_000;
/** The most answers that are kept; there are few upstream addresses. */
const MAX_ANSWERS = 64;

interface Answer {
  readonly untilMs: number;
  readonly netWriteTimeoutMs: Promise<number | null>;
}
