import type { KillSettings } from './config.js';
import type { Findings } from './schema/findings.js';
import { duration, filePath, secret, size, text } from './schema/kinds.js';
import { LONGEST_SECRET, secretIn } from './file.js';
import { either } from './schema/jsonSchema.js';
import { isObject, section, type Section } from './schema/section.js';

/** The settings as they stand in JSON, with either the password or its file. */
interface KillForm extends Omit<KillSettings, 'password'> {
  readonly password?: string;
}

const HOUR_MS = 3_600_000;
const password = text(/^[^\0]{0,1024}$/, `a password of at most ${LONGEST_SECRET} characters`);

const form = section<KillForm>({
  user: {
    kind: text(/^[^\0]{1,128}$/, 'a user name of 1 to 128 characters'),
    about: 'the account that kills queries',
  },
  password: {
    kind: secret(password), isOptional: true,
    about: "the account's password; give either password or passwordFile",
  },
  passwordFile: {
    kind: filePath('the path of a file that holds the password'), isOptional: true,
    about: "a file that contains only the account's password",
  },
  when: {
    kind: section<KillSettings['when']>({
      bytes: {
        kind: size({ min: 0 }), fallback: 0, about: 'kill after this many discarded bytes; 0 is no condition',
      },
      timeMs: {
        key: 'time', kind: duration({ minMs: 0, maxMs: 24 * HOUR_MS }), fallback: 0,
        about: 'kill this long after the cut; 0 is no condition; with neither condition kill at once',
      },
    }),
  },
});

function withPassword(read: KillForm, path: string, findings: Findings): KillSettings | undefined {
  if ((read.password === undefined) === (read.passwordFile === undefined)) {
    findings.add(path, 'expected exactly one of password and passwordFile');
    return undefined;
  }
  const found = read.passwordFile === undefined
    ? read.password
    : secretIn(read.passwordFile, 'password', `${path}.passwordFile`, findings);
  return found === undefined ? undefined : Object.freeze({ ...read, password: found });
}

/** The setting of the account that kills, or null. Printed, it shows the password's file, or *** for the password. */
export const kill: Section<KillSettings | null> = {
  ...form,
  expected: 'an object or null',
  schema: either(form.schema, { type: 'null' }),
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
