import { decodeUtf8, fileFailure, readUpTo } from './file.js';
import type { Findings } from './schema/findings.js';

/** The names for the request's body and its transfer. A JSON Schema's pattern has no flag for any case. */
const ABOUT_BODY = ['content-.*', 'transfer-encoding', 'connection', 'upgrade', 'expect', 'te', 'trailer', 'host']
  .map((name) => name.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)).join('|');

/** A field name of HTTP (RFC 9110, 5.1), except the names for the request's body and its transfer. */
export const HEADER_NAME = new RegExp(`^(?!(?:${ABOUT_BODY})$)[!#$%&'*+.^\`|~\\w-]{1,128}$`);

/** A field value of HTTP (RFC 9110, 5.5). */
export const HEADER_VALUE = /^[\x20-\x7e]{0,8192}$/;

const MAX_FILE_BYTES = 16 * 1024;

/** Whether a header of HTTP can have this value (RFC 9110, 5.5). */
export function isHeaderValue(found: unknown): found is string {
  return typeof found === 'string' && HEADER_VALUE.test(found);
}

/**
 * Reads a file with a header in each line, in the form `name: value`. Empty lines are skipped.
 * @param path the path of the setting that names the file
 * @returns undefined if the file cannot be used (a finding under `path` says so, and quotes no value)
 */
export function headersIn(file: string, path: string, findings: Findings): Record<string, string> | undefined {
  let content: string;
  try {
    const bytes = readUpTo(file, MAX_FILE_BYTES);
    if (bytes.length > MAX_FILE_BYTES) throw new Error(`${file} is larger than 16 KiB`);
    content = decodeUtf8(bytes);
  } catch (error) {
    findings.add(path, `cannot read the headers: ${fileFailure(file, error)}`);
    return undefined;
  }
  const headers: [string, string][] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, name = '', value = ''] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (HEADER_NAME.test(name) && isHeaderValue(value)) {
      headers.push([name, value]);
      continue;
    }
    findings.add(path, `line ${index + 1} of ${file}: expected a header as "authorization: Bearer TOKEN"`);
    return undefined;
  }
  return Object.freeze(Object.fromEntries(headers));
}
