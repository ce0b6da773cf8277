// The one table of settings. A line here is all that a key needs: it is then read, checked, defaulted,
// suggested to whoever mistypes it, printed by `sluice check`, and shown in the help where it has a flag.

import type {
  Address, AuditSettings, Config, ConnectionSettings, DrainBounds, ErrorNumber, Limits, LogLevel, OnExceed,
  StreamingSettings,
} from '../config.js';
import { formatAddress, isHost, parseAddress } from './address.js';
import { duration, integer, leaf, oneOf, orUnlimited, size, text, type Kind } from './kinds.js';
import { isObject, section } from './section.js';

const hour = 3_600_000;
const timeout = duration({ minMs: 1, maxMs: 24 * hour });
// Linux counts TCP_KEEPIDLE in whole seconds, and 32767 of them at most.
const keepAlive = duration({ minMs: 1000, maxMs: 9 * hour });
const count = integer({ min: 1, expected: 'a positive integer' });
const maxRows = orUnlimited(count);
const maxBytes = orUnlimited(size());

/**
 * An address as "host:port", or as an object, which has room for what belongs to that end.
 * @param lowestPort 0 where any free port will do
 */
function address(defaultPort: number, lowestPort: number): Kind<Address> {
  const expected = `"host:port", "[ipv6]:port" or {"host", "port"}`;
  const asObject = section<Address>({
    host: {
      kind: leaf({
        expected: 'a host name or an IP address',
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
    write: formatAddress,
  });
  return {
    ...asText,
    // The address is replaced, and what else stands in the object stays.
    fromText(text, below) {
      const replacement = parseAddress(text, defaultPort, lowestPort);
      return isObject(below) && replacement ? { ...below, ...replacement } : text;
    },
    read: (found, path, findings) => (isObject(found) ? asObject : asText).read(found, path, findings),
  };
}

// Client libraries keep 2000 to 2999 and 5000 to 5999 for their own errors and refuse them from a server; 0
// is no error; and 0xFFFF in an ERR packet is MariaDB's progress report.
const errorCode = leaf({
  expected: 'an error code from 1 to 65534, but none of 2000 to 2999 and 5000 to 5999, which clients refuse',
  parse: (found) =>
    typeof found === 'number' && Number.isInteger(found) && found >= 1 && found <= 65534 &&
    ![2, 5].includes(Math.floor(found / 1000))
      ? found
      : undefined,
});

// Class 00 means success, and a client may take it at its word.
const sqlState = text(/^(?!00)[0-9A-Z]{5}$/, 'five of 0-9 and A-Z, not beginning with 00, such as "HY000"');

const trueOrFalse = leaf({
  expected: 'true or false',
  parse: (found) => (typeof found === 'boolean' ? found : undefined),
});

const auditTo = text(/^(?!\s*$)[^\0]+$/, '"stdout" or the path of a file');

export const settings = section<Config>({
  listen: {
    kind: address(3307, 0),
    fallback: '127.0.0.1:3307',
    about: 'where clients connect (port 0: any that is free)',
    flag: { name: 'listen', value: 'HOST:PORT' },
  },
  upstream: {
    kind: address(3306, 1),
    about: 'the MySQL or MariaDB server, such as "db.example.com:3306"',
    flag: { name: 'upstream', value: 'HOST:PORT' },
  },
  mode: {
    kind: oneOf('enforce', 'audit'),
    fallback: 'enforce',
    about: 'cut what breaks a limit, or only record it',
    flag: { name: 'mode', value: 'enforce|audit' },
  },
  limits: {
    kind: section<Limits>({
      rows: {
        kind: maxRows,
        fallback: 100_000,
        about: 'the most rows of one response, or "unlimited"',
        flag: { name: 'max-rows', value: 'N' },
      },
      bytes: {
        kind: maxBytes,
        fallback: '64MiB',
        about: 'the most bytes of one response, or "unlimited"',
        flag: { name: 'max-bytes', value: 'SIZE' },
      },
    }),
  },
  warn: {
    kind: section<Limits>({
      rows: { kind: maxRows, fallback: null },
      bytes: { kind: maxBytes, fallback: null },
    }),
  },
  onExceed: {
    kind: section<OnExceed>({
      action: { kind: oneOf('error', 'truncate', 'close', 'hold'), fallback: 'error' },
      error: {
        kind: section<ErrorNumber>({
          code: { kind: errorCode, fallback: 3024 },
          sqlState: { kind: sqlState, fallback: 'HY000' },
        }),
      },
    }),
  },
  hints: { kind: oneOf('none', 'lower', 'any'), fallback: 'lower' },
  rules: { kind: leaf<Config['rules']>({ expected: 'a list of rules', parse: () => [] }), fallback: [] },
  streaming: {
    kind: section<StreamingSettings>({
      limits: {
        kind: section<Limits>({
          rows: { kind: maxRows, fallback: null },
          bytes: { kind: maxBytes, fallback: null },
        }),
      },
      signals: {
        kind: leaf<StreamingSettings['signals']>({
          expected: 'a list of signals',
          parse: () => ['cursor', 'dump', 'jdbc', 'hint', 'pace'],
        }),
        fallback: [],
      },
      pace: {
        kind: section<StreamingSettings['pace']>({
          waitMs: { key: 'wait', kind: duration({ minMs: 10, maxMs: 60_000 }), fallback: '500ms' },
        }),
      },
    }),
  },
  drain: {
    kind: section<DrainBounds>({
      bytes: { kind: size(), fallback: '256MiB' },
      timeMs: { key: 'time', kind: timeout, fallback: '30s' },
    }),
  },
  kill: { kind: leaf<Config['kill']>({ expected: 'an object or null', parse: () => null }), fallback: null },
  budget: { kind: section<Config['budget']>({ bytes: { kind: maxBytes, fallback: null } }) },
  stall: {
    kind: section<Config['stall']>({
      warnAfterMs: { key: 'warnAfter', kind: timeout, fallback: '10s' },
    }),
  },
  onUnparsed: { kind: oneOf('relay', 'close'), fallback: 'relay' },
  connections: {
    kind: section<ConnectionSettings>({
      max: { kind: count, fallback: 10_000 },
      connectTimeoutMs: { key: 'connectTimeout', kind: timeout, fallback: '10s' },
      handshakeTimeoutMs: { key: 'handshakeTimeout', kind: timeout, fallback: '10s' },
      keepAliveMs: { key: 'keepAlive', kind: keepAlive, fallback: '30s' },
    }),
  },
  audit: {
    kind: section<AuditSettings>({
      to: { kind: auditTo, fallback: 'stdout' },
      sql: { kind: oneOf('full', 'digest', 'none'), fallback: 'full' },
      sqlBytes: { kind: size({ min: 0, max: 2 ** 20 }), fallback: '4KiB' },
      params: { kind: trueOrFalse, fallback: false },
    }),
  },
  log: {
    kind: section<{ level: LogLevel }>({
      level: {
        kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
        fallback: 'info',
        about: 'trace, debug, info, warn, error, fatal or silent',
        flag: { name: 'log-level', value: 'LEVEL' },
      },
    }),
  },
});
