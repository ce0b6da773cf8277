import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Findings } from './schema/findings.js';

/**
 * Reads a regular file that should be small, and no more of one that is not. Pipes and devices are refused: one that
 * nobody writes to would hold up the whole program.
 * @returns its bytes, of which more than `maxBytes` say that it is larger
 * @throws the error of the operating system; Error where it is no regular file
 */
export function readUpTo(file: string, maxBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(maxBytes + 1);
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK); // else a pipe waits for its writer here
  try {
    const status = fstatSync(descriptor);
    // Of a folder, reading says better what is wrong.
    if (!status.isFile() && !status.isDirectory()) throw new Error(`${file} is no regular file`);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Why a file cannot be read, with its name. Of a rare reason that is what the system says. */
export function fileFailure(file: string, error: unknown): string {
  if (!(error instanceof Error)) return `${file}: ${String(error)}`;
  switch ('code' in error ? error.code : undefined) {
    case 'ENOENT':
      return `${file}: no such file`;
    case 'EACCES':
      return `${file}: this user may not read it`;
    case 'EISDIR':
      return `${file}: it is a folder`;
    default:
      return error.message;
  }
}

/** @throws TypeError where the bytes are not UTF-8; a byte order mark is taken away */
export function decodeUtf8(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** The longest secret, in bytes. */
export const LONGEST_SECRET = 1024;

/**
 * Reads a file that holds one line, a secret.
 * @param what it is: "password"
 * @param path of the setting that names the file
 * @returns the secret; undefined where there is none, which is noted under `path`
 */
export function secretIn(file: string, what: string, path: string, findings: Findings): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, LONGEST_SECRET);
  } catch (error) {
    findings.add(path, `cannot read the ${what}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const refuse = (says: string) => {
    findings.add(path, `expected one line with the ${what}: the file ${says}`);
    return undefined;
  };
  if (bytes.length > LONGEST_SECRET) return refuse(`is larger than ${LONGEST_SECRET} bytes`);
  let line: string;
  try {
    line = decodeUtf8(bytes).replace(/\r?\n$/, '');
  } catch {
    return refuse('is not UTF-8');
  }
  if (line === '') return refuse('is empty');
  return /[\0\r\n]/.test(line) ? refuse('has several lines, or a NUL') : line;
}
