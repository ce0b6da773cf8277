// Splits input into lines of a bounded length.

const LINE_FEED = 0x0a;

/** The receiver of the lines. */
export interface LineReader {
  /** A whole line, without its line feed. */
  line(text: string): void;
  /** A line was longer than the bound. */
  overlong(): void;
}

/** Takes bytes as they come, and emits whole lines of UTF-8. It keeps no more than a bounded part of a line. */
export class LineSplitter {
  /** The front of an incomplete line. */
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

  /** The input has ended. A last line without a line feed is a line too. */
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
