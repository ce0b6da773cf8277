// The settings of Sluice's two ends: the addresses where clients connect, and the servers.

import { isDeepStrictEqual } from 'node:util';
import type { Listen, Place, Upstream } from './config.js';
import { compileAddressMatcher } from './network.js';
import { HOST_PATTERN, PEER_PATTERN, placePattern, SOCKET_PATH_PATTERN } from './addressPatterns.js';
import { formatPlace, isHost, isSocketFile, isSocketPath, parsePlace } from './address.js';
import { Findings } from './schema/findings.js';
import { either, textLike } from './schema/jsonSchema.js';
import { integer, leaf, oneOf, type Kind } from './schema/kinds.js';
import { list, oneOrMore } from './schema/lists.js';
import { isObject, section, type Section } from './schema/section.js';
import { listenTls, upstreamTls } from './tls.js';

const MAX_ENDS = 64;
const MAX_NETWORKS = 100;

/** A place in the form of an object: with a host or with a path. */
interface PlaceForm {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}

type ListenForm = PlaceForm & Omit<Listen, 'at'>;
type UpstreamForm = PlaceForm & Omit<Upstream, 'at'>;

/** The parts in which the two ends differ. */
interface EndParts<Form> {
  readonly form: Section<Form>;
  readonly defaultPort: number;
  /** 0 if any free port is allowed. */
  readonly lowestPort: number;
  /** The remedy for a port without a host. */
  remedyForPort(port: string): string;
}

const port = (lowest: number) => integer({ min: lowest, max: 65535, expected: `a port from ${lowest} to 65535` });

const host = leaf({
  expected: 'a host name or an IP address',
  schema: textLike(HOST_PATTERN),
  parse: (found) => (typeof found === 'string' && isHost(found) ? found : undefined),
});

const socketPath = leaf({
  expected: 'the absolute path of a Unix socket, of at most 107 bytes',
  schema: textLike(SOCKET_PATH_PATTERN),
  parse: (found) => (typeof found === 'string' && isSocketPath(found) ? found : undefined),
});

const PERMISSIONS = /^0?[0-7]{3}$/;
const permissions = leaf<number>({
  expected: 'permission bits in octal digits such as "0660"',
  schema: textLike(PERMISSIONS),
  write: (bits) => bits.toString(8).padStart(4, '0'),
  parse: (found) => (typeof found === 'string' && PERMISSIONS.test(found) ? parseInt(found, 8) : undefined),
});

const network = leaf({
  expected: 'an IP address, a network such as "10.0.0.0/8", or "unix"',
  schema: textLike(PEER_PATTERN),
  parse: (found) => (typeof found === 'string' && isNetwork(found) ? found : undefined),
});

function isNetwork(text: string): boolean {
  if (text === 'unix') return true;
  try {
    compileAddressMatcher(text);
    return true;
  } catch {
    return false;
  }
}

function placeIn(form: PlaceForm, defaultPort: number, path: string, findings: Findings): Place | undefined {
  if (form.path !== undefined && form.host === undefined && form.port === undefined) {
    return Object.freeze({ path: form.path });
  }
  if (form.path === undefined && form.host !== undefined) {
    return Object.freeze({ host: form.host, port: form.port ?? defaultPort });
  }
  if (form.path !== undefined) findings.add(`${path}.path`, 'expected a path alone, without host and port');
  else findings.add(`${path}.host`, 'required: a host name or an IP address (or give path)');
  return undefined;
}

/** One end: a place as text, or an object with the end's other settings. */
function end<Form extends PlaceForm>(
  { form, defaultPort, lowestPort, remedyForPort }: EndParts<Form>,
): Kind<{ readonly at: Place } & Omit<Form, keyof PlaceForm>> {
  const asText = leaf<Place>({
    expected: '"host:port", "[ipv6]:port", "/path" or an object',
    expectedAsText: 'HOST:PORT, [IPV6]:PORT or /PATH',
    schema: textLike(placePattern(lowestPort)),
    remedyFor(found) {
      const [, bare] = /^:(\d+)$/.exec(found) ?? [];
      return bare === undefined ? null : remedyForPort(bare);
    },
    parse: (found) => (typeof found === 'string' ? parsePlace(found, defaultPort, lowestPort) : undefined),
  });
  return {
    ...asText,
    schema: either(asText.schema, form.schema),
    // Replaces the place and keeps the object's other settings.
    fromText(text, below) {
      const replacement = parsePlace(text, defaultPort, lowestPort);
      if (!isObject(below) || replacement === undefined) return text;
      const { host: _host, port: _port, path: _path, ...rest } = below;
      return { ...rest, ...replacement };
    },
    write({ at, ...rest }) {
      const written = form.write({ ...at, ...rest } as unknown as Form);
      const plain = form.read({ ...at }, '', new Findings(new Map(), null));
      return plain !== undefined && isDeepStrictEqual(written, form.write(plain)) ? formatPlace(at) : written;
    },
    read(found, path, findings) {
      const place = isObject(found) ? found : asText.read(found, path, findings);
      const read = place && form.read({ ...place }, path, findings);
      if (read === undefined) return undefined;
      const { host: _host, port: _port, path: _path, ...rest } = read;
      const at = placeIn(read, defaultPort, path, findings);
      if (at === undefined) return undefined;
      const value = { at, ...rest };
      Object.freeze(value);
      return value;
    },
  };
}

/** A list of ends, or a single end that is written without a list. */
function ends<T>(item: Kind<T>, items: string): Kind<readonly T[]> {
  const several = oneOrMore(item, { items, min: 1, max: MAX_ENDS });
  return {
    ...several,
    expected: `${item.expected}, or a list of these`,
    ...(item.expectedAsText === undefined ? {} : { expectedAsText: item.expectedAsText }),
    ...(item.remedyFor === undefined ? {} : { remedyFor: item.remedyFor }),
    fromText: (text, below) => item.fromText(text, below),
    write: (values) => (values.length === 1 ? item.write(values[0]!) : several.write(values)),
  };
}

/** The keys of an address for clients. */
export const listenForm = section<ListenForm>({
  host: { kind: host, isOptional: true, about: 'the address to listen on' },
  port: { kind: port(0), isOptional: true, about: 'the port; by default 3307, 0 for any free port' },
  path: { kind: socketPath, isOptional: true, about: 'a Unix socket, instead of host and port' },
  permissions: {
    kind: permissions, isOptional: true, about: 'the permissions of the Unix socket; by default "0660"',
  },
  proxyProtocol: {
    kind: list(network, { items: 'networks', max: MAX_NETWORKS }), fallback: [],
    about: 'the networks from which connections begin with a PROXY header; "unix" for Unix sockets',
  },
  tls: { kind: listenTls, fallback: {} },
});

/** The keys of a server. */
export const upstreamForm = section<UpstreamForm>({
  host: { kind: host, isOptional: true, about: "the server's host" },
  port: { kind: port(1), isOptional: true, about: "the server's port; by default 3306" },
  path: { kind: socketPath, isOptional: true, about: 'a Unix socket, instead of host and port' },
  proxyProtocol: {
    kind: oneOf('off', 'v1', 'v2'), fallback: 'off',
    about: "the version of the PROXY header that tells the server the client's address",
  },
  tls: { kind: upstreamTls, fallback: {} },
});

const anyListen: Kind<Listen> = end({
  form: listenForm, defaultPort: 3307, lowestPort: 0,
  remedyForPort: (bare) => `for all interfaces write 0.0.0.0:${bare}`,
});

/** The setting of the addresses where clients connect. */
export const listen: Kind<readonly Listen[]> = ends({
  ...anyListen,
  read(found, path, findings) {
    const read = anyListen.read(found, path, findings);
    if (read === undefined) return undefined;
    const { at, permissions: bits, tls } = read;
    if (bits !== undefined && !isSocketFile(at)) {
      findings.add(`${path}.permissions`, 'only the file of a Unix socket has permissions');
    }
    if (tls.mode !== 'off' && tls.mode !== 'auto' && isSocketFile(at)) {
      findings.add(`${path}.tls.mode`, 'a Unix socket has no TLS: leave tls out');
    }
    return read;
  },
}, 'addresses');

/** The setting of the servers. */
export const upstream: Kind<readonly Upstream[]> = ends(
  end({
    form: upstreamForm, defaultPort: 3306, lowestPort: 1,
    remedyForPort: (bare) => `write the server's host before it, such as db.example.com:${bare}`,
  }), 'servers',
);
