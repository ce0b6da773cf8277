import type { KillSettings } from '../config.js';
import { decodeUtf8, readUpTo } from './file.js';
import type { Findings } from './findings.js';
import { duration, secret, size, text } from './kinds.js';
import { isObject, section, type Section } from './section.js';

/** As it stands in JSON: with one of the two. */
interface KillForm extends Omit<KillSettings, 'password'> {
  readonly password?: string;
}

const hour = 3_600_000;
const longestPassword = 1024;
const password = text(/^[^\0]{0,1024}$/, `a password of at most ${longestPassword} characters`);

const form = section<KillForm>({
  user: {
    kind: text(/^[^\0]{1,128}$/, 'a user name of 1 to 128 characters'),
    about: 'the account that may kill',
  },
  password: { kind: secret(password), isOptional: true },
  passwordFile: { kind: text(/^[^\0]+$/, 'the path of a file that holds the password'), isOptional: true },
  when: {
    kind: section<KillSettings['when']>({
      bytes: { kind: size({ min: 0 }), fallback: 0 },
      timeMs: { key: 'time', kind: duration({ minMs: 0, maxMs: 24 * hour }), fallback: 0 },
    }),
  },
});

/** @returns the password; undefined where there is none, which is noted under `path` */
function passwordIn(file: string, path: string, findings: Findings): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, longestPassword);
  } catch (error) {
    findings.add(path, `cannot read the password: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  const refuse = (says: string) => {
    findings.add(path, `expected one line with the password: the file ${says}`);
    return undefined;
  };
  if (bytes.length > longestPassword) return refuse(`is larger than ${longestPassword} bytes`);
  let line: string;
  try {
    line = decodeUtf8(bytes).replace(/\r?\n$/, '');
  } catch {
    return refuse('is not UTF-8');
  }
  if (line === '') return refuse('is empty');
  return /[\0\r\n]/.test(line) ? refuse('has several lines, or a NUL') : line;
}

function withPassword(read: KillForm, path: string, findings: Findings): KillSettings | undefined {
  if ((read.password === undefined) === (read.passwordFile === undefined)) {
    findings.add(path, 'expected exactly one of password and passwordFile');
    return undefined;
  }
  const found = read.passwordFile === undefined
    ? read.password
    : passwordIn(read.passwordFile, `${path}.passwordFile`, findings);
  return found === undefined ? undefined : Object.freeze({ ...read, password: found });
}

/** The account that kills, or null. Printed, it names the password's file, or has *** for the password. */
export const kill: Section<KillSettings | null> = {
  ...form,
  expected: 'an object or null',
  isSecret: true,
  read(found, path, findings) {
    if (found === null) return null;
    if (!isObject(found)) {
      findings.unexpected(path, kill, found);
      return undefined;
    }
    const read = form.read(found, path, findings);
    return read && withPassword(read, path, findings);
  },
  write(settings) {
    if (settings?.passwordFile === undefined) return settings && form.write(settings);
    const { password: _, ...rest } = settings;
    return form.write(rest);
  },
};
