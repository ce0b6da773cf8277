import type { ServerResponse } from 'node:http';
import type { History, PastEvent } from '../telemetry/history.js';
import { world } from '../world/world.js';

/**
 * Sends events as they happen, as server-sent events (WHATWG HTML, 9.2). A client that does not read them loses its
 * connection, and can resume after the last one that it has.
 * @param afterId the first events are those after this number that are kept
 */
export function streamEvents(response: ServerResponse, history: History, afterId: number): void {
  const write = (text: string): void => {
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
    else response.write(text);
  };
  const missed = history.missedAfter(afterId);
  response.write(`retry: ${RETRY_MS}\n\n`);
  if (missed > 0) write(`event: missed\ndata: ${JSON.stringify({ missed })}\n\n`);
  response.write(history.after(afterId).map(textOf).join(''));
  const stop = history.listen((event) => write(textOf(event)));
  const pulse = world.every(PULSE_MS, () => write(': nothing new\n\n')).unref();
  response.once('close', () => {
    world.cancel(pulse);
    stop();
  });
}

/** A client connects again this long after the end of its connection. */
const RETRY_MS = 2000;
/** Shorter than the time after which proxies close connections without traffic. */
const PULSE_MS = 4000;
/** More than all kept events together. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

function textOf(event: PastEvent): string {
  return `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
