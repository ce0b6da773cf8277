// The one table of settings; treatment.ts, rules.ts and kill.ts are its larger parts. A line here is all that
// a key needs: it is then read, checked, defaulted, suggested to whoever mistypes it, printed by
// `sluice check`, and shown in the help where it has a flag.

import type {
  Address, AuditSettings, Config, ConnectionSettings, DrainBounds, LogLevel, StreamingSettings,
  StreamingSignal,
} from '../config.js';
import { formatAddress, isHost, parseAddress } from './address.js';
import { kill } from './kill.js';
import { duration, integer, leaf, oneOf, size, text, trueOrFalse, type Kind } from './kinds.js';
import { list } from './lists.js';
import { rules } from './rules.js';
import { isObject, section } from './section.js';
import * as treatment from './treatment.js';

const hour = 3_600_000;
const timeout = duration({ minMs: 1, maxMs: 24 * hour });
// Linux counts TCP_KEEPIDLE in whole seconds, and 32767 of them at most.
const keepAlive = duration({ minMs: 1000, maxMs: 9 * hour });
const count = integer({ min: 1, expected: 'a positive integer' });
const paceWait = duration({ minMs: 10, maxMs: 60_000 });
const signal = oneOf<StreamingSignal>('cursor', 'dump', 'jdbc', 'hint', 'pace');

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
  mode: treatment.mode,
  limits: treatment.limits,
  warn: treatment.warn,
  onExceed: treatment.onExceed,
  hints: treatment.hints,
  streaming: {
    kind: section<StreamingSettings>({
      limits: treatment.streamingLimits,
      signals: {
        kind: list(signal, { items: 'signals', max: 5, distinct: { what: 'signal', of: String } }),
        fallback: ['cursor', 'dump', 'jdbc', 'hint', 'pace'],
      },
      pace: {
        kind: section<StreamingSettings['pace']>({
          waitMs: { key: 'wait', kind: paceWait, fallback: '500ms' },
        }),
      },
    }),
  },
  rules: { kind: rules, fallback: [], inherits: true },
  drain: {
    kind: section<DrainBounds>({
      bytes: { kind: size(), fallback: '256MiB' },
      timeMs: { key: 'time', kind: timeout, fallback: '30s' },
    }),
  },
  kill: { kind: kill, fallback: null },
  budget: { kind: section<Config['budget']>({ bytes: { kind: treatment.maxBytes, fallback: null } }) },
  stall: {
    kind: section<Config['stall']>({ warnAfterMs: { key: 'warnAfter', kind: timeout, fallback: '10s' } }),
  },
  onUnparsed: { kind: oneOf('relay', 'close'), fallback: 'relay' },
  compression: { kind: oneOf('inspect', 'strip'), fallback: 'inspect' },
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
