import type { StreamingSettings } from '../../config/config.js';
import { OPENABLE_COMPRESSIONS } from '../../protocol/compression.js';
import { Conversation } from '../../conversation/conversation.js';
import type { Usage } from '../../conversation/command.js';
import type { ConversationObserver, ResponseObserver } from '../../conversation/conversationObserver.js';
import type { Shared } from '../shared.js';

/**
 * A conversation that keeps what the configuration of the moment asks for, and counts its commands. Its clock is
 * `performance.now`.
 */
export function conversationFor<U extends Usage>(
  { config, metrics }: Shared, observer: ConversationObserver, responses: ResponseObserver<U>,
): Conversation<U> {
  return new Conversation({
    observer, responses, now,
    textBytes: Math.max(config.audit.sqlBytes, MIN_TEXT_BYTES),
    parameterBytes: config.audit.params ? config.audit.sqlBytes : 0,
    compressions: config.compression === 'inspect' ? OPENABLE_COMPRESSIONS : 0n,
    setUp: setUpFor(config.streaming),
    commandCounts: metrics.commands,
  });
}

const now = performance.now.bind(performance);

/**
 * Statements are told apart by their text, and hints stand at their ends, so some of it is kept even where records hold
 * none.
 */
const MIN_TEXT_BYTES = 16 * 1024;

/** The statement that sets a session up as `streaming` says; undefined if nothing is to be set. */
function setUpFor({ netWriteTimeoutMs }: StreamingSettings): string | undefined {
  return netWriteTimeoutMs === null ? undefined : `SET SESSION net_write_timeout = ${netWriteTimeoutMs / 1000}`;
}
