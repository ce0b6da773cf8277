import type { Socket } from 'node:net';
import { ClientReader } from '../session/clientReader.js';
import type { Conversation } from '../session/conversation.js';
import { Flow } from './flow.js';

/** While commands have to wait, the client is read up to this many bytes: enough to see that it quits. */
const MAX_WAITING_BYTES = 64 * 1024;

/** From the client to the server: its answer to the greeting, then its commands. */
export class RequestFlow extends Flow {
  /**
   * @param gone is called where the client leaves while a cut response is being discarded: nobody waits for its end
   */
  constructor(
    client: Socket,
    upstream: Socket,
    private readonly conversation: Conversation,
    private readonly gone: () => void,
  ) {
    super(client, upstream, conversation.options.now);
    client.on('data', (chunk: Buffer) => this.accept(chunk));
    client.on('end', () => {
      if (conversation.client.isGated) gone();
    });
  }

  protected override scan(chunk: Buffer, at: number, end: number): number {
    return this.conversation.client.scan(chunk, at, end);
  }

  protected override settle(): 'blocked' | 'exhausted' {
    return this.conversation.client.isStopped ? 'blocked' : 'exhausted';
  }

  protected override onMoreHeld(): void {
    if (this.conversation.client.isGated && ClientReader.quits(this.held)) this.gone();
    else if (this.heldBytes >= MAX_WAITING_BYTES) this.source.pause();
  }
}
