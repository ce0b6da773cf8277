import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../text/errorText.js';
import type { Findings } from './schema/findings.js';

/**
 * Reads a regular file that should be small, up to a bound. Pipes and devices are refused, because a pipe without a
 * writer would stop the whole program.
 * @returns the file's bytes; more than `maxBytes` bytes mean that the file is too large
 * @throws the error of the operating system; Error if it is no regular file
 */
export function readUpTo(file: string, maxBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(maxBytes + 1);
  // Without O_NONBLOCK, opening a pipe waits for its writer.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(descriptor);
    // For a folder, the error of reading is clearer.
    if (!status.isFile() && !status.isDirectory()) throw new Error(`${file} is not a regular file`);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Tells why a file cannot be read, with its name. For rare reasons this is the system's own message. */
export function fileFailure(file: string, error: unknown): string {
  if (!(error instanceof Error)) return `${file}: ${String(error)}`;
  switch (errorCode(error)) {
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

/**
 * Decodes UTF-8 and removes a byte order mark.
 * @throws TypeError if the bytes are not UTF-8
 */
export function decodeUtf8(bytes: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** The longest secret, in bytes. */
export const LONGEST_SECRET = 1024;

/**
 * Reads a file with a secret, which is its only line.
 * @param what the name of the secret, such as "password"
 * @param path of the setting that names the file
 * @returns the secret; undefined if there is none (a finding under `path` says so)
 */
export function secretIn(file: string, what: string, path: string, findings: Findings): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, LONGEST_SECRET);
  } catch (error) {
    findings.add(path, `cannot read the ${what}: ${fileFailure(file, error)}`);
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
