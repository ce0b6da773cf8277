import { Conversation } from '../../src/conversation/conversation.js';
import type { ConversationObserver, ResponseObserver, Unparsed } from '../../src/conversation/conversationObserver.js';
import { Usage } from '../../src/conversation/command.js';
import type { Turn } from './conversationHarness.js';

const NOTHING = (): void => undefined;

/** Follows a conversation and keeps nothing of it: for conversations that are too long to be examined. */
export class Follower {
  readonly conversation: Conversation;
  /** The reason when following has ended; null before. */
  problem: Unparsed | null = null;

  constructor(options: { readonly textBytes?: number; readonly parameterBytes?: number } = {}) {
    const observer: ConversationObserver = {
      greeted: NOTHING, identified: NOTHING, ready: NOTHING, unparsed: (problem) => (this.problem = problem),
    };
    const responses: ResponseObserver<Usage> = {
      newUsage: (command) => new Usage(command), cursorOpened: NOTHING, usageEnded: NOTHING, statementDone: NOTHING,
    };
    this.conversation = new Conversation(
      { observer, responses, textBytes: 16 * 1024, parameterBytes: 0, setUp: null, now: () => 1, ...options },
    );
  }

  /** Feeds the bytes of one turn. Returns how many of them are undecided. */
  hear(from: Turn['from'], bytes: Buffer): number {
    this.conversation[from].newTurn();
    return bytes.length - this.conversation[from].scan(bytes, 0, bytes.length);
  }

  hearAll(turns: readonly Turn[]): this {
    for (const { from, bytes } of turns) this.hear(from, bytes);
    return this;
  }
}
