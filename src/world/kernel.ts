import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** The kernel's figures about this process and its host. */
export interface Kernel {
  /** The CPU time that this process has used, in ms. */
  cpuMs(): number;
  /** The text of one of the kernel's small files; empty if it cannot be read. */
  kernelText(path: string): string;
  /**
   * Opens one of the kernel's large tables.
   * @throws the file system's error
   */
  openTable(path: string): KernelTable;
}

/** A table of the kernel's that is being read, page by page. */
export interface KernelTable {
  /** Reads at most a page. Returns the number of bytes; 0 at the end. */
  read(page: Buffer): number;
  close(): void;
}

/** The kernel of the machine. */
export const machineKernel: Kernel = {
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  kernelText: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  },
  openTable: (path) => {
    const descriptor = openSync(path, 'r');
    return {
      read: (page) => readSync(descriptor, page, 0, page.length, null),
      close: () => closeSync(descriptor),
    };
  },
};
