// The one table of settings; treatment.ts, rules.ts and kill.ts are its larger parts. A line here is all that
// a key needs: it is then read, checked, defaulted, suggested to whoever mistypes it, printed by
// `sluice check`, and shown in the help where it has a flag.

import type {
  AuditSettings, Config, ConnectionSettings, DrainSettings, LogLevel, SampleSettings, ShutdownSettings,
  PaceSettings, StreamingSettings, StreamingSignal,
} from './config.js';
import { admin } from './admin.js';
import { listen, upstream } from './ends.js';
import { kill } from './kill.js';
import { rules } from './rules.js';
import {
  duration, filePath, integer, oneOf, orNull, orUnlimited, size, trueOrFalse, type Kind,
} from './schema/kinds.js';
import { list } from './schema/lists.js';
import { section } from './schema/section.js';
import * as treatment from './treatment.js';

const hour = 3_600_000;
const timeout = duration({ minMs: 1, maxMs: 24 * hour });
// Linux counts TCP_KEEPIDLE in whole seconds, and 32767 of them at most.
const keepAlive = duration({ minMs: 1000, maxMs: 9 * hour });
const count = integer({ min: 1, expected: 'a positive integer' });
// Both servers take 1 to 31536000 seconds, and warn the client of what they take for another value.
const netWriteTimeout = orNull(duration({ minMs: 1000, maxMs: 8760 * hour, wholeSeconds: true }));
const paceWait = duration({ minMs: 10, maxMs: 60_000 });
const signal = oneOf<StreamingSignal>('cursor', 'dump', 'jdbc', 'hint', 'pace');

const auditFile = filePath('"stdout" or the path of a file');
const auditTo: Kind<string> = {
  ...auditFile,
  read: (found, path, findings) => (found === 'stdout' ? found : auditFile.read(found, path, findings)),
};

export const settings = section<Config>({
  listen: {
    kind: listen,
    fallback: '127.0.0.1:3307',
    about: 'where clients connect (port 0: any that is free)',
    flag: { name: 'listen', value: 'HOST:PORT', example: '127.0.0.1:3307' },
  },
  upstream: {
    kind: upstream,
    about: 'the MySQL or MariaDB server, such as "db.example.com:3306"',
    flag: { name: 'upstream', value: 'HOST:PORT', example: 'db.example.com:3306' },
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
        kind: section<PaceSettings>({
          waitMs: { key: 'wait', kind: paceWait, fallback: '500ms' },
          maxRowsPerSecond: { kind: count, fallback: 4000 },
          maxBytesPerSecond: { kind: size(), fallback: '32MiB' },
        }),
      },
      netWriteTimeoutMs: { key: 'netWriteTimeout', kind: netWriteTimeout, fallback: null },
    }),
  },
  rules: { kind: rules, fallback: [], inherits: true },
  drain: {
    kind: section<DrainSettings>({
      bytes: { kind: size(), fallback: '256MiB' },
      timeMs: { key: 'time', kind: timeout, fallback: '30s' },
      waitingMs: { key: 'waiting', kind: timeout, fallback: '5s' },
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
      format: { kind: oneOf('json', 'slowlog'), fallback: 'json' },
      sql: { kind: oneOf('full', 'digest', 'none'), fallback: 'full' },
      sqlBytes: { kind: size({ min: 0, max: 2 ** 20 }), fallback: '4KiB' },
      params: { kind: trueOrFalse, fallback: false },
      sample: {
        kind: section<SampleSettings>({
          rows: { kind: orUnlimited(integer({ min: 0, expected: 'a number of rows' })), fallback: null },
          bytes: { kind: orUnlimited(size({ min: 0 })), fallback: null },
          oneIn: { kind: orUnlimited(count), fallback: null },
          perSecond: { kind: count, fallback: 100 },
        }),
      },
      admitted: { kind: trueOrFalse, fallback: true },
    }),
  },
  log: {
    kind: section<{ level: LogLevel }>({
      level: {
        kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
        fallback: 'info',
        about: 'trace, debug, info, warn, error, fatal or silent',
        flag: { name: 'log-level', value: 'LEVEL', example: 'debug' },
      },
    }),
  },
  admin: {
    kind: admin,
    fallback: null,
    about: 'where health and metrics are told over HTTP',
    flag: { name: 'admin', value: 'HOST:PORT', example: '127.0.0.1:9307' },
  },
  shutdown: {
    kind: section<ShutdownSettings>({
      acceptForMs: { key: 'acceptFor', kind: duration({ minMs: 0, maxMs: hour }), fallback: '5s' },
      timeoutMs: { key: 'timeout', kind: timeout, fallback: '30s' },
    }),
  },
  workers: { kind: integer({ min: 1, max: 64, expected: 'a number of processes from 1 to 64' }), fallback: 1 },
});
