import type { StreamingSettings } from '../../config/config.js';
import { OPENABLE_COMPRESSIONS } from '../../protocol/compression.js';
import { Conversation } from '../../conversation/conversation.js';
import type { Usage } from '../../conversation/command.js';
import type { CommandJudge, ConversationObserver, ResponseObserver } from '../../conversation/conversationObserver.js';
import type { Shared } from '../shared.js';
import { world } from '../../world/world.js';

/**
 * Creates a conversation that keeps as much of statements as the present configuration asks for, and counts its
 * commands.
 */
export function conversationFor<U extends Usage>(
  { config, metrics }: Shared, observer: ConversationObserver, responses: ResponseObserver<U>, judge: CommandJudge,
): Conversation<U> {
  return new Conversation({
    observer, responses, judge, now: () => world.nowMs(),
    textBytes: Math.max(config.audit.sqlBytes, MIN_TEXT_BYTES),
    parameterBytes: config.audit.params ? config.audit.sqlBytes : 0,
    compressions: config.compression === 'inspect' ? OPENABLE_COMPRESSIONS : 0n,
    setUp: setUpFor(config.streaming),
    commandCounts: metrics.commands,
  });
}

/**
 * The least number of bytes that is kept of a statement's text, even if records hold no text: rules need the statement,
 * and hints stand at its ends.
 */
const MIN_TEXT_BYTES = 16 * 1024;

/** The statement that sets a session up as `streaming` says; null if nothing is to be set. */
function setUpFor({ netWriteTimeoutMs }: StreamingSettings): string | null {
  return netWriteTimeoutMs === null ? null : `SET SESSION net_write_timeout = ${netWriteTimeoutMs / 1000}`;
}
