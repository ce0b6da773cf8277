import { close, openSync, write } from 'node:fs';

/** Files that the program writes while it relays. */
export interface Files {
  /**
   * Opens a file.
   * @param flags and mode as of open(2)
   * @returns its descriptor
   * @throws the file system's error
   */
  openFile(path: string, flags: number, mode: number): number;
  /**
   * Writes bytes from `offset` on, in a thread of its own.
   * @param written is called once it is over; fewer bytes may be written than there are
   */
  writeFile(descriptor: number, bytes: Buffer, offset: number, written: Written): void;
  /** Closes a descriptor. */
  closeFile(descriptor: number): void;
}

/** Gets the result of a write: an error, or the number of bytes that were written. */
export type Written = (error: NodeJS.ErrnoException | null, count: number) => void;

/** The files of the machine. */
export const machineFiles: Files = {
  openFile: (path, flags, mode) => openSync(path, flags, mode),
  writeFile: (descriptor, bytes, offset, written) =>
    write(descriptor, bytes, offset, bytes.length - offset, null, written),
  closeFile: (descriptor) => close(descriptor),
};
