import type { Reads, ReadTarget } from './readBuffer.js';

/** What an encrypted connection brings: Node decrypts it into a chunk for each read. */
export class DecryptedReads implements Reads {
  private chunk: Buffer = NOTHING;

  /** Takes the chunk that a read has brought. */
  bring(chunk: Buffer): void {
    this.chunk = chunk;
  }

  deliver(_: number, target: ReadTarget): void {
    target.accept(this.take());
  }

  take(): Buffer {
    const { chunk } = this;
    this.chunk = NOTHING;
    return chunk;
  }

  adapt(): void {}

  taken(): void {}

  release(): void {}
}

const NOTHING: Buffer = Buffer.alloc(0);
