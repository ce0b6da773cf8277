import type { Socket } from 'node:net';
import type { Reason } from '../policy/guard.js';
import type { ServerError } from '../protocol/packets.js';
import type { Conversation } from '../session/conversation.js';
import { Flow, type Settled } from './flow.js';

/** What the session decides for the flow of responses. */
export interface ResponseDecisions {
  /** The server refused the connection in place of a greeting. */
  refused(error: ServerError): void;
  /** A response has reached its limit: admits or cuts it in the conversation, or ends the session. */
  limitReached(reason: Reason): void;
  /** This many bytes of a response that was cut have been discarded. */
  discarded(byteCount: number): void;
  /** The rest of a response that was cut has been discarded. */
  drained(): void;
}

/** From the server to the client: its greeting, then its responses, counted row by row. */
export class ResponseFlow extends Flow {
  private isDiscarding = false;

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

  protected override deliver(bytes: Buffer): void {
    if (this.isDiscarding) this.decisions.discarded(bytes.length);
    else this.write(bytes);
  }

  protected override settle(): Settled {
    const { server } = this.conversation;
    switch (server.stopReason) {
      case 'none':
        return 'exhausted';
      case 'rows':
      case 'bytes':
        this.decisions.limitReached(server.stopReason);
        return 'onward';
      case 'fileWanted':
        this.source.write(server.refuseFile());
        return 'onward';
      case 'drained':
        this.decisions.drained();
        return 'onward';
      case 'refused':
        this.decisions.refused(server.refusal!);
        return 'onward';
    }
  }
}
