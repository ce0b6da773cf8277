import { liveBytes } from '../support/heap.js';

/** What may come to live on the heap and in buffers however much is played: compiled code, caches, spare read buffers. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/** Sees to it that what lives in this process does not grow with what was played. */
export class Growth {
  private firstBytes: number | null = null;

  /** Looks, from the second time on in comparison with the first. Returns what is wrong, or null. */
  async look(): Promise<string | null> {
    const bytes = await liveBytes();
    this.firstBytes ??= bytes;
    const grown = bytes - this.firstBytes;
    return grown > MAX_GROWTH_BYTES ? `${grown} bytes more are kept than at the beginning` : null;
  }
}
