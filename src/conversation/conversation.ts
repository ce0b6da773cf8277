import { Status } from '../protocol/status.js';
import { ClientReader } from './clientReader.js';
import type { Usage } from './command.js';
import type { Unparsed } from './conversationObserver.js';
import { ServerReader } from './serverReader.js';
import { ConversationState, type ConversationOptions } from './state.js';

/**
 * One session's conversation. Pure: it is fed through its two readers, tells observers, and never touches a socket.
 * @typeParam U the counts of a response
 */
export class Conversation<U extends Usage = Usage> extends ConversationState<U> {
  readonly client: ClientReader<U>;
  readonly server: ServerReader<U>;

  constructor(options: ConversationOptions<U>) {
    super(options);
    this.client = new ClientReader(this);
    this.server = new ServerReader(this);
  }

  /** The session has no command, transaction or cursor that would be lost with the connection. */
  get isIdle(): boolean {
    const isAtRest = this.phase === 'commands' && this.commands.length === 0 &&
      this.client.isBetweenPackets && !this.isUploading;
    return isAtRest && (this.statusFlags & Status.IN_TRANS) === 0 && this.openUsages().length === 0;
  }

  passAll(phase: 'stream' | 'tls' | 'unparsed'): void {
    for (const usage of this.openUsages()) this.endUsage(usage, null, false);
    this.phase = phase;
    this.client.passAll();
    this.server.passAll();
    this.commands.clear();
    this.statements.clear();
    if (phase !== 'unparsed') this.options.observer.streams?.(phase);
  }

  /**
   * Stops following, because a compressed frame breaks the protocol.
   * @param bytes the frame
   * @param offsetBytes the offset of the frame in that direction's stream
   */
  giveUpFrames(direction: Unparsed['direction'], reason: string, bytes: Buffer, offsetBytes: number): void {
    this.giveUp({ direction, reason, awaited: 'frame', offsetBytes, hex: bytes.toString('hex', 0, 16) });
  }

  headChanged(): void {
    this.server.settleUnanswered();
    this.client.headChanged();
  }
}
