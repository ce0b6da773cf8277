import type { Socket } from 'node:net';
import type { ServerError } from '../protocol/packets.js';
import type { Conversation } from '../session/conversation.js';
import { Flow, type Settled } from './flow.js';

/** What the session decides for the flow of responses. */
export interface ResponseDecisions {
  /** The server refused the connection in place of a greeting. */
  refused(error: ServerError): void;
  /** A response has reached its limit: admits or cuts it in the conversation, ends the session, or takes its time. */
  limitReached(reason: 'rows' | 'bytes'): Settled;
  /** This many bytes of a response that was cut have been discarded. */
  discarded(byteCount: number): void;
  /** The rest of a response that was cut has been discarded. */
  drained(): Settled;
  /** The client has stopped, or goes on, reading. */
  stalled(isStalled: boolean): void;
}

/** From the server to the client: its greeting, then its responses, counted row by row. */
export class ResponseFlow extends Flow {
  private isDiscarding = false;
  private isHolding = false;
  /** What is held back, or was and goes out before whatever comes next. */
  private kept: Buffer[] = [];

  constructor(
    upstream: Socket,
    client: Socket,
    private readonly conversation: Conversation,
    private readonly decisions: ResponseDecisions,
  ) {
    super(upstream, client, conversation.options.now);
  }

  protected override scan(chunk: Buffer, at: number, end: number): number {
    const { server } = this.conversation;
    this.isDiscarding = server.isDiscarding;
    return server.scan(chunk, at, end);
  }

  /** Keeps back what comes from here on. */
  hold(): void {
    this.isHolding = true;
  }

  /** Ends keeping back. What was kept goes out before whatever comes next, unless it is dropped. */
  endHold(isDropped: boolean): void {
    this.isHolding = false;
    if (isDropped) this.kept = [];
  }

  protected override deliver(bytes: Buffer): void {
    if (this.isDiscarding) {
      this.decisions.discarded(bytes.length);
      return;
    }
    // The server waits for a file, and only the client can answer that.
    if (this.conversation.isUploading) this.isHolding = false;
    if (this.isHolding) {
      this.kept.push(Buffer.from(bytes)); // what passes is overwritten by the next read
      return;
    }
    this.writeKept();
    this.write(bytes);
  }

  override flushHeld(): void {
    if (!this.isHolding) this.writeKept();
    super.flushHeld();
  }

  override flushRest(): void {
    this.writeKept();
    super.flushRest();
  }

  protected override sinkFull(isFull: boolean): void {
    this.decisions.stalled(isFull);
  }

  private writeKept(): void {
    for (const bytes of this.kept) this.write(bytes);
    this.kept = [];
  }

  protected override settle(): Settled {
    const { server } = this.conversation;
    switch (server.stopReason) {
      case 'none':
        return 'exhausted';
      case 'rows':
      case 'bytes':
        return this.decisions.limitReached(server.stopReason);
      case 'fileWanted':
        this.source.write(server.refuseFile());
        return 'onward';
      case 'drained':
        return this.decisions.drained();
      case 'refused':
        this.decisions.refused(server.refusal!);
        return 'onward';
    }
  }
}
