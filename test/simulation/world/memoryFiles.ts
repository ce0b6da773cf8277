import type { Files, Written } from '../../../src/world/files.js';
import type { EventLoop } from './eventLoop.js';
import type { Random } from './random.js';

/** Files in memory, on a disk that can be slow, full, or a pipe without room. */
export class MemoryFiles {
  private state: DiskState = 'works';
  /** The writes that hang. */
  private hanging: (() => void)[] = [];
  /** The most time that a write takes, in ms. */
  writeMs = 1;
  /** Descriptors that are open. */
  readonly open = new Set<number>();
  private readonly texts = new Map<string, string>();
  private readonly paths = new Map<number, string>();
  private lastDescriptor = 100;

  constructor(private readonly random: Random) {}

  get disk(): DiskState {
    return this.state;
  }

  /** Sets the outcome of writes from now on. Writes that hang continue once the disk does not hang any more. */
  set disk(state: DiskState) {
    this.state = state;
    if (state === 'hangs') return;
    for (const goOn of this.hanging.splice(0)) goOn();
  }

  /** The text of a file; empty if it was never opened. */
  text(path: string): string {
    return this.texts.get(path) ?? '';
  }

  /** Renames a file. A process that has it open still writes to it. */
  rename(from: string, to: string): void {
    this.texts.set(to, this.text(from));
    this.texts.delete(from);
    for (const [descriptor, path] of this.paths) if (path === from) this.paths.set(descriptor, to);
  }

  /** The files as a process of this loop sees them. */
  of(loop: EventLoop): Files {
    return {
      openFile: (path) => {
        if (this.disk === 'cannot be opened') throw failure('EACCES');
        this.lastDescriptor += 1;
        this.open.add(this.lastDescriptor);
        this.paths.set(this.lastDescriptor, path);
        this.texts.set(path, this.text(path));
        return this.lastDescriptor;
      },
      writeFile: (descriptor, bytes, offset, written) => this.write(loop, descriptor, bytes.subarray(offset), written),
      closeFile: (descriptor) => void this.open.delete(descriptor),
    };
  }

  private write(loop: EventLoop, descriptor: number, bytes: Buffer, written: Written): void {
    if (this.state === 'hangs') {
      this.hanging.push(() => this.write(loop, descriptor, bytes, written));
      return;
    }
    loop.after(this.writeMs * this.random.fraction(), () => this.finish(descriptor, bytes, written));
  }

  private finish(descriptor: number, bytes: Buffer, written: Written): void {
    const path = this.paths.get(descriptor);
    if (path === undefined || !this.open.has(descriptor)) return written(failure('EBADF'), 0);
    if (this.state === 'is full') return written(failure('ENOSPC'), 0);
    if (this.state === 'has no room' && this.random.chance(0.5)) return written(failure('EAGAIN'), 0);
    const count = this.random.chance(0.1) ? this.random.between(1, bytes.length) : bytes.length;
    this.texts.set(path, this.text(path) + bytes.toString('latin1', 0, count));
    written(null, count);
  }
}

/** The outcome of writes: EAGAIN (`has no room`), ENOSPC (`is full`), or none (`hangs`). */
export type DiskState = 'works' | 'has no room' | 'is full' | 'hangs' | 'cannot be opened';

const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`in memory: ${code}`), { code });
