import { setTimeout as sleep } from 'node:timers/promises';
import { liveBytes } from '../support/heap.js';
import { socketsOf } from './openSockets.js';

/**
 * The bound of growth of the heap and of buffers, however much is played: compiled code, caches, spare read buffers.
 */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/** Sockets whose both ends have closed are gone by then. */
const CLOSING_MS = 5000;
const LOOK_EVERY_MS = 50;

/** Checks that the memory of this process does not grow with the number of seeds. */
export class Growth {
  private firstBytes: number | null = null;
  private firstSockets: number | null = null;

  /** Measures; from the second time on, compares with the first. Returns what is wrong, or null. */
  async look(): Promise<string | null> {
    const bytes = await liveBytes();
    this.firstBytes ??= bytes;
    const grown = bytes - this.firstBytes;
    if (grown > MAX_GROWTH_BYTES) return `${grown} bytes more are kept than at the beginning`;
    return this.lookAtSockets();
  }

  private async lookAtSockets(): Promise<string | null> {
    this.firstSockets ??= socketsOf(process.pid);
    const endMs = Date.now() + CLOSING_MS;
    for (;;) {
      const left = socketsOf(process.pid) - this.firstSockets;
      if (left <= 0) return null;
      if (Date.now() > endMs) return `${left} sockets more are open than at the beginning`;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
