import { HEADER_BYTES } from '../../../src/protocol/framing.js';
import { err } from '../../support/wirePackets.js';
import type { Exchange } from '../ledger.js';
import type { Reply } from '../statements.js';
import { PacketBatch } from './packetBatch.js';
import type { ServerConnection } from './serverConnection.js';

/** The error of a statement that was killed. */
const INTERRUPTED: Reply = { payload: err(1317, 'Query execution was interrupted'), kind: 'error', isLast: true };

/**
 * Sends responses as servers do: fills a buffer, writes it, and waits until the kernel has it. A client that takes
 * nothing for `net_write_timeout` is given up.
 */
export class Sender {
  /** The sequence id of the next packet. */
  sequenceId = 1;
  private isKilled = false;
  private isClosed = false;
  private readonly gathered = new PacketBatch();
  /** Ends the wait under way. */
  private wake: (() => void) | null = null;
  private isThinking = false;

  constructor(private readonly connection: ServerConnection) {}

  /** A command begins. */
  begin(): void {
    this.sequenceId = 1;
    this.isKilled = false;
  }

  /** The statement under way is to end. A write that waits for the client goes on. */
  kill(): void {
    this.isKilled = true;
    if (this.isThinking) this.wake?.();
  }

  close(): void {
    this.isClosed = true;
    this.wake?.();
  }

  /** Waits this long, or until the statement is killed. Returns whether the connection is still there. */
  async think(ms: number): Promise<boolean> {
    if (ms <= 0 || this.isKilled || this.isClosed) return !this.isClosed;
    this.isThinking = true;
    await this.pause(ms);
    this.isThinking = false;
    return !this.isClosed;
  }

  /**
   * Sends the response of an exchange, or a part of it.
   * @param gapMs the time between two writes; the statement is at its end when it has written the last packet
   * @returns whether all of it was sent, and the statement was not killed
   */
  async send(exchange: Exchange, replies: Iterable<Reply>, gapMs: number): Promise<boolean> {
    const { burstBytes } = this.connection.server.plan;
    this.note(exchange, 'first');
    for (const reply of replies) {
      const isToEnd = this.isKilled && reply.kind !== 'head';
      this.put(exchange, isToEnd ? INTERRUPTED : reply);
      if (isToEnd) {
        await this.flush();
        return false;
      }
      if (reply.kind === 'row' && exchange.sentRows === ROWS_OF_A_START) this.note(exchange, 'rows');
      if (this.gathered.byteCount < burstBytes) continue;
      if (!await this.flush()) return this.givenUp(exchange);
      if (!reply.isLast && !await this.think(gapMs)) return false;
    }
    return await this.flush() || this.givenUp(exchange);
  }

  /** Adds a packet to those that were gathered. */
  put(exchange: Exchange, reply: Reply): void {
    const { connection: { wire }, gathered } = this;
    if (gathered.byteCount === 0 && wire.compresses) this.sequenceId = wire.frameNumber;
    gathered.add(this.sequenceId, reply.payload);
    this.sequenceId += 1;
    exchange.sent.push(reply);
    if (reply.kind === 'row') {
      exchange.sentRows += 1;
      exchange.sentRowBytes += HEADER_BYTES + reply.payload.length;
    }
    if (reply.asks !== undefined) this.connection.asks(reply.asks);
    if (reply.isLast) this.answered(exchange);
  }

  private answered(exchange: Exchange): void {
    exchange.answeredAtMs = this.connection.server.stage.nowMs();
    this.note(exchange, 'answered');
  }

  /** Writes what was gathered. Returns whether the kernel has taken it in time. */
  async flush(): Promise<boolean> {
    const { connection } = this;
    if (this.isClosed) return false;
    if (this.gathered.byteCount > 0) connection.write(this.gathered.take());
    return this.room();
  }

  private async room(): Promise<boolean> {
    const { end, server: { plan } } = this.connection;
    for (let leftBytes = end.pendingBytes; leftBytes > 0; leftBytes = end.pendingBytes) {
      end.onDrained = () => this.wake?.();
      await this.pause(plan.netWriteTimeoutMs);
      if (this.isClosed || end.pendingBytes === leftBytes) return false;
    }
    return !this.isClosed;
  }

  /** The client takes nothing: the server closes the connection. */
  private givenUp(exchange: Exchange): false {
    const { connection, connection: { ledger, server: { stage } } } = this;
    if (this.isClosed) return false;
    stage.news.tell(`${connection.server.name} gives up the client of ${exchange.name}`);
    exchange.gaveUp = true;
    if (ledger !== null) ledger.serverEnd ??= 'gave up';
    connection.abandon();
    return false;
  }

  private note(exchange: Exchange, what: string): void {
    if (exchange.tag !== null) this.connection.server.stage.news.note(`${what} ${exchange.tag}`);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.wake = null;
        cancel();
        resolve();
      };
      const cancel = this.connection.server.stage.after(ms, done);
      this.wake = done;
    });
  }
}

/** After this many rows the event `rows TAG` happens. */
const ROWS_OF_A_START = 8;
