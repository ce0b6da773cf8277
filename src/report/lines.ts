// Splits what is read into lines, of which only so much is kept.

const LINE_FEED = 0x0a;

/** What a splitter finds. */
export interface LineReader {
  /** A whole line, without its line feed. */
  line(text: string): void;
  /** A line that is longer than what is kept of one. */
  overlong(): void;
}

/** Takes bytes as they come, and gives whole lines of UTF-8; of a line it keeps no more than a bound. */
export class LineSplitter {
  /** The front of a line whose end has not come yet. */
  private front: Buffer[] = [];
  private frontBytes = 0;
  private isOverlong = false;

  constructor(private readonly maxLineBytes: number, private readonly reader: LineReader) {}

  push(chunk: Buffer): void {
    const firstEnd = chunk.indexOf(LINE_FEED);
    if (firstEnd === -1) {
      this.keep(chunk);
      return;
    }
    this.keep(chunk.subarray(0, firstEnd));
    this.endLine();
    const lastEnd = chunk.lastIndexOf(LINE_FEED);
    if (lastEnd > firstEnd) this.whole(chunk.toString('utf8', firstEnd + 1, lastEnd).split('\n'));
    this.keep(chunk.subarray(lastEnd + 1));
  }

  /** There is no more; what has no line feed is a line, too. */
  end(): void {
    if (this.frontBytes > 0 || this.isOverlong) this.endLine();
  }

  private whole(lines: readonly string[]): void {
    for (const line of lines) {
      if (line.length > this.maxLineBytes) this.reader.overlong();
      else this.reader.line(line);
    }
  }

  private keep(bytes: Buffer): void {
    if (bytes.length === 0 || this.isOverlong) return;
    this.frontBytes += bytes.length;
    this.isOverlong = this.frontBytes > this.maxLineBytes;
    if (this.isOverlong) this.front = [];
    else this.front.push(bytes);
  }

  private endLine(): void {
    if (this.isOverlong) this.reader.overlong();
    else this.reader.line(Buffer.concat(this.front).toString());
    this.front = [];
    this.frontBytes = 0;
    this.isOverlong = false;
  }
}
