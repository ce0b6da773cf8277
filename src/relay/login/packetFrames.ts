import {
  declaredContentBytes, frameNumber, openNow, storedContent, storedFrame, type Compression,
} from '../../protocol/compression.js';
import { FrameReader } from '../../protocol/frameReader.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Peer } from '../../protocol/peer.js';

/** The compressed frames of one connection during an exchange of whole packets. */
export class PacketFrames {
  private readonly reader = new FrameReader();
  private waitingBytes = 0;

  /** @param maxBytes the most bytes of frames that may wait, and the most contents of one frame */
  constructor(
    private readonly peer: Peer,
    private readonly compression: Compression,
    private readonly numbers: FrameNumbers,
    private readonly maxBytes: number,
  ) {}

  /**
   * Takes bytes, which belong to this object from then on. Returns the contents of the complete frames; null if a frame
   * is not valid or too large.
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
      if (contentBytes > this.maxBytes) return null; // a few bytes of a frame may decompress to many times as much
      this.numbers.drop(this.peer, frameNumber(frame));
      contents.push(content);
    }
    return this.waitingBytes > this.maxBytes ? null : Buffer.concat(contents);
  }

  /** Puts a packet into a frame of its own. */
  wrap(packet: Buffer, beginsCommand: boolean): Buffer {
    return storedFrame(beginsCommand ? this.numbers.restart() : this.numbers.insert(this.peer), packet);
  }

  /** Takes everything that has come: packets that were in frames, and the incomplete frame. */
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
