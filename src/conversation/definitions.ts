import { columnTypesIn } from '../protocol/columnDefinition.js';

/**
 * The definitions that a result set or a PREPARE brings, and the bytes of those of its columns. These usually lie in
 * one chunk with the first rows, and only their offset is kept. Those that are split over several chunks are copied.
 */
export class Definitions {
  /** Packets that have not passed yet. */
  private left = 0;
  private columns = 0;
  /** Packets after those of the columns. */
  private after = 0;
  /** The offset in the chunk being scanned at which those of the columns begin, or continue; else NOT_HERE. */
  private at = NOT_HERE;
  /** The bytes of earlier chunks, with room for more. */
  private kept = NO_BYTES;
  private keptBytes = 0;

  get areOver(): boolean {
    return this.left === 0;
  }

  /** @param before packets before those of the columns */
  expect(before: number, columns: number, after: number): void {
    this.left = before + columns + after;
    this.columns = columns;
    this.after = after;
    this.forget();
  }

  /** A packet begins at this offset. */
  begin(at: number): void {
    if (this.left === this.columns + this.after && this.columns > 0) this.at = at;
  }

  /** A packet has passed. Returns whether it was that of the last column. */
  passed(): boolean {
    this.left -= 1;
    return this.left === this.after && this.columns > 0;
  }

  /** The packets of the columns up to an offset of the chunk being scanned; null if none are known. */
  upTo(chunk: Buffer, to: number): Buffer | null {
    if (this.at === NOT_HERE) return null;
    const here = chunk.subarray(this.at, to);
    return this.keptBytes === 0 ? here : Buffer.concat([this.kept.subarray(0, this.keptBytes), here]);
  }

  /** The types of the columns, once all of them have passed; null if they are not known. */
  typesUpTo(chunk: Buffer, to: number): Buffer | null {
    const packets = this.upTo(chunk, to);
    return packets === null ? null : columnTypesIn(packets, this.columns);
  }

  /** Another chunk is scanned, from this offset on. */
  goOn(from: number): void {
    if (this.at !== NOT_HERE) this.at = from;
  }

  /** Copies the bytes up to an offset, before their chunk goes away. Beyond a bound it forgets all of them. */
  keep(chunk: Buffer, to: number): void {
    if (this.at === NOT_HERE) return;
    const wholeBytes = this.keptBytes + to - this.at;
    if (wholeBytes > MAX_KEPT_BYTES) {
      this.forget();
      return;
    }
    if (wholeBytes > this.kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(wholeBytes, 2 * this.kept.length));
      this.kept.copy(larger, 0, 0, this.keptBytes);
      this.kept = larger;
    }
    chunk.copy(this.kept, this.keptBytes, this.at, to);
    this.keptBytes = wholeBytes;
  }

  /** Drops the bytes. */
  forget(): void {
    if (this.at === NOT_HERE) return;
    this.at = NOT_HERE;
    this.kept = NO_BYTES;
    this.keptBytes = 0;
  }
}

const NOT_HERE = -1;
const NO_BYTES = Buffer.alloc(0);
/** More than the definitions of the widest tables have. */
const MAX_KEPT_BYTES = 256 * 1024;
