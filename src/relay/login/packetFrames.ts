import {
  declaredContentBytes, frameNumber, openNow, storedContent, storedFrame, type Compression,
} from '../../protocol/compression.js';
import { FrameReader } from '../../protocol/frameReader.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Peer } from '../../protocol/peer.js';

/** The compressed frames of one connection while whole packets are exchanged over it. */
export class PacketFrames {
  private readonly reader = new FrameReader();
  private waitingBytes = 0;

  /** @param maxBytes what may wait of frames, and what one may hold */
  constructor(
    private readonly peer: Peer,
    private readonly compression: Compression,
    private readonly numbers: FrameNumbers,
    private readonly maxBytes: number,
  ) {}

  /**
   * Takes bytes that are its own from now on. Gives what is in the frames that are whole; null where that cannot be
   * had.
   */
  open(chunk: Buffer): Buffer | null {
    this.reader.add(chunk);
    this.waitingBytes += chunk.length;
    const contents: Buffer[] = [];
    let contentBytes = 0;
    for (let frame = this.reader.next(); frame !== null; frame = this.reader.next()) {
      this.waitingBytes -= frame.length;
      const content = this.contentOf(frame);
      if (content === null) return null;
      contentBytes += content.length;
      if (contentBytes > this.maxBytes) return null; // a few bytes of frames may hold many times as much
      this.numbers.drop(this.peer, frameNumber(frame));
      contents.push(content);
    }
    return this.waitingBytes > this.maxBytes ? null : Buffer.concat(contents);
  }

  /** A packet in a frame of its own. */
  wrap(packet: Buffer, beginsCommand: boolean): Buffer {
    return storedFrame(beginsCommand ? this.numbers.restart() : this.numbers.insert(this.peer), packet);
  }

  /** Takes everything that is there: packets that were in frames already, and the frame that is not whole. */
  rest(packets: Buffer): Buffer {
    const frames = this.reader.rest();
    this.waitingBytes = 0;
    return packets.length === 0 ? frames : Buffer.concat([storedFrame(0, packets), frames]);
  }

  private contentOf(frame: Buffer): Buffer | null {
    if (declaredContentBytes(frame) > this.maxBytes) return null;
    return storedContent(frame) ?? openNow(this.compression, frame);
  }
}
