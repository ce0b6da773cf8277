import type { AdminSettings } from './config.js';
import { parseAddress } from './address.js';
import { address } from './addressKind.js';
import type { Findings } from './schema/findings.js';
import { filePath } from './schema/kinds.js';
import { secretIn } from './secretFile.js';
import { isObject, section, type Section } from './schema/section.js';

/** As it stands in JSON. */
type AdminForm = Omit<AdminSettings, 'token'>;

const DEFAULT_PORT = 9307;

const form = section<AdminForm>({
  listen: { kind: address(DEFAULT_PORT, 0), about: 'where the admin endpoint listens, such as "127.0.0.1:9307"' },
  tokenFile: { kind: filePath('the path of a file that holds the token'), isOptional: true },
});

function withToken(read: AdminForm, path: string, findings: Findings): AdminSettings | undefined {
  const { tokenFile } = read;
  if (tokenFile === undefined) return Object.freeze({ ...read, token: null });
  const token = secretIn(tokenFile, 'token', `${path}.tokenFile`, findings);
  if (token === undefined) return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return Object.freeze({ ...read, token });
  findings.add(
    `${path}.tokenFile`, 'expected a token of visible ASCII characters: nothing else can stand in an HTTP header',
  );
  return undefined;
}

/** The admin endpoint, or null. A flag or a variable says where it listens. */
export const admin: Section<AdminSettings | null> = {
  ...form,
  expected: 'an object or null',
  expectedAsText: 'HOST:PORT or [IPV6]:PORT',
  fromText: (given, below) => {
    const listen = parseAddress(given, DEFAULT_PORT, 0);
    if (listen === undefined) return given;
    return isObject(below) ? { ...below, listen } : { listen };
  },
  read(found, path, findings) {
    if (found === null) return null;
    if (!isObject(found)) {
      findings.unexpected(path, admin, found);
      return undefined;
    }
    const read = form.read(found, path, findings);
    return read && withToken(read, path, findings);
  },
  write(settings) {
    if (settings === null) return null;
    const { token: _, ...rest } = settings;
    return form.write(rest);
  },
};
