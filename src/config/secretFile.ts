import { decodeUtf8, readUpTo } from './file.js';
import type { Findings } from './schema/findings.js';

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
