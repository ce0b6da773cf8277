import {
  appendFileSync, closeSync, fchmodSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync,
} from 'node:fs';

// Files that commands write: reports and baselines.

/**
 * Replaces a file at once: a reader finds the old text or the new one, never a part. A file that is not regular, such
 * as a pipe, is written to.
 * @throws the file system's error; then the file is as it was
 */
export function replaceFile(file: string, text: string): void {
  const before = statSync(file, { throwIfNoEntry: false });
  if (before !== undefined && !before.isFile()) {
    writeFileSync(file, text);
    return;
  }
  const target = before === undefined ? file : realpathSync(file);
  const beside = `${target}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(beside, 'wx', 0o644);
    try {
      writeFileSync(descriptor, text);
      if (before !== undefined) fchmodSync(descriptor, before.mode & 0o777);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Appends to a file. @throws the file system's error */
export function appendTo(file: string, text: string): void {
  appendFileSync(file, text);
}
