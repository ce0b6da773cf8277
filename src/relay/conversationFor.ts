import { OPENABLE_COMPRESSIONS } from '../protocol/compression.js';
import { Conversation, type ConversationObserver } from '../session/conversation.js';
import type { Shared } from './shared.js';

/** Statements are told apart by their text, and hints stand at their ends, so some of it is kept even where records hold none. */
const MIN_TEXT_BYTES = 16 * 1024;

/**
 * A conversation that keeps what the configuration of the moment asks for, and counts its commands.
 * @param now a clock, in ms
 */
export function conversationFor({ config, metrics }: Shared, observer: ConversationObserver, now: () => number): Conversation {
  return new Conversation({
    observer, now,
    textBytes: Math.max(config.audit.sqlBytes, MIN_TEXT_BYTES),
    parameterBytes: config.audit.params ? config.audit.sqlBytes : 0,
    compressions: config.compression === 'inspect' ? OPENABLE_COMPRESSIONS : 0n,
    commandCounts: metrics.commands,
  });
}
