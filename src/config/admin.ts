import type { Address, AdminSettings } from './config.js';
import { formatAddress, isHost, parseAddress } from './address.js';
import { addressPattern, HOST_PATTERN } from './addressPatterns.js';
import type { Findings } from './schema/findings.js';
import { filePath, integer, type Kind, leaf } from './schema/kinds.js';
import { LONGEST_SECRET, secretIn } from './file.js';
import { either, textLike, type JsonSchema } from './schema/jsonSchema.js';
import { isObject, section, type Section } from './schema/section.js';

/** The settings as they stand in JSON. */
type AdminForm = Omit<AdminSettings, 'token'>;

const DEFAULT_PORT = 9307;

const form = section<AdminForm>({
  listen: { kind: address(DEFAULT_PORT, 0), about: 'the address of the admin endpoint, such as "127.0.0.1:9307"' },
  tokenFile: {
    kind: filePath('the path of a file that holds the token'), isOptional: true,
    about: 'a file that contains only the token; each request must send it',
  },
});

function withToken(read: AdminForm, path: string, findings: Findings): AdminSettings | undefined {
  const { tokenFile } = read;
  if (tokenFile === undefined) return Object.freeze({ ...read, token: null });
  const token = secretIn(tokenFile, 'token', `${path}.tokenFile`, findings);
  if (token === undefined) return undefined;
  if (isToken(token)) return Object.freeze({ ...read, token });
  findings.add(`${path}.tokenFile`, TOKEN_EXPECTED);
  return undefined;
}

/** Whether a text can be a token: it has to stand in a header of HTTP. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text) && text.length <= LONGEST_SECRET;
}

export const TOKEN_EXPECTED =
  `expected a token of at most ${LONGEST_SECRET} visible ASCII characters: nothing else can stand in an HTTP header`;

/** A file may have only the token's: a flag or a variable gives the address then. */
function withoutListen({ required: _, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

/** The setting of the admin endpoint, or null. A flag or a variable sets its address. */
export const admin: Section<AdminSettings | null> = {
  ...form,
  schema: either(withoutListen(form.schema), { type: 'null' }),
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

/**
 * An address as "host:port", or as an object with further settings.
 * @param lowestPort 0 if any free port is allowed
 */
export function address(defaultPort: number, lowestPort: number): Kind<Address> {
  const expected = `"host:port", "[ipv6]:port" or {"host", "port"}`;
  const asObject = section<Address>({
    host: {
      kind: leaf({
        expected: 'a host name or an IP address',
        schema: textLike(HOST_PATTERN),
        parse: (found) => (typeof found === 'string' && isHost(found) ? found : undefined),
      }),
      about: 'a host name or an IP address',
    },
    port: {
      kind: integer({ min: lowestPort, max: 65535, expected: `a port from ${lowestPort} to 65535` }),
      fallback: defaultPort,
    },
  });
  const asText = leaf({
    expected,
    expectedAsText: 'HOST:PORT or [IPV6]:PORT',
    parse: (found) => (typeof found === 'string' ? parseAddress(found, defaultPort, lowestPort) : undefined),
    schema: textLike(addressPattern(lowestPort)),
    write: formatAddress,
  });
  return {
    ...asText,
    schema: either(asText.schema, asObject.schema),
    // Replaces the address and keeps the object's other settings.
    fromText(text, below) {
      const replacement = parseAddress(text, defaultPort, lowestPort);
      return isObject(below) && replacement ? { ...below, ...replacement } : text;
    },
    read: (found, path, findings) => (isObject(found) ? asObject : asText).read(found, path, findings),
  };
}
