// The table of settings. Its larger parts stand in admin.ts, ends.ts (with tls.ts), kill.ts, rules.ts, tags.ts,
// telemetry.ts and treatment.ts. From its line a key is read, checked, given a default, suggested for a mistyped key,
// printed by `sluice check` and listed in help/configuration.md. Flags are listed in `sluice --help` as well.

import type {
  AuditSettings, Config, ConnectionSettings, DrainSettings, LogLevel, SampleSettings, ShutdownSettings,
  PaceSettings, StreamingSettings, StreamingSignal,
} from './config.js';
import { admin } from './admin.js';
import { DEFAULT_MAX_CONNECTIONS } from './automatic.js';
import { listen, upstream } from './ends.js';
import { kill } from './kill.js';
import { rules } from './rules.js';
import {
  duration, filePath, integer, oneOf, orAutomatic, orNull, orUnlimited, size, trueOrFalse, type Kind,
} from './schema/kinds.js';
import { list } from './schema/lists.js';
import { section } from './schema/section.js';
import { LIVE_TAGS, liveTagNames, RECORDED_TAGS, tagNames } from './tags.js';
import { telemetry } from './telemetry.js';
import * as treatment from './treatment.js';

const HOUR_MS = 3_600_000;
const timeout = duration({ minMs: 1, maxMs: 24 * HOUR_MS });
// Linux counts TCP_KEEPIDLE in whole seconds, up to 32767.
const keepAlive = duration({ minMs: 1000, maxMs: 9 * HOUR_MS });
const count = integer({ min: 1, expected: 'a positive integer' });
// Both servers accept 1 to 31536000 seconds. For another value they use the nearest one and send the client a warning.
const netWriteTimeout = orNull(duration({ minMs: 1000, maxMs: 8760 * HOUR_MS, wholeSeconds: true }));
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
    about: 'the address for clients (port 0: any free port)',
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
        about: 'the signals that show that a client streams; a client can forge them',
      },
      pace: {
        kind: section<PaceSettings>({
          waitMs: {
            key: 'wait', kind: paceWait, fallback: '500ms',
            about: "the longest time for which Sluice watches the client's pace at a limit",
          },
          maxRowsPerSecond: {
            kind: count, fallback: 3200, about: 'a client that takes more rows per second reads into memory',
          },
          maxBytesPerSecond: {
            kind: size(), fallback: '32MiB', about: 'a client that takes more bytes per second reads into memory',
          },
        }),
      },
      netWriteTimeoutMs: {
        key: 'netWriteTimeout', kind: netWriteTimeout, fallback: null,
        about: "the net_write_timeout that Sluice sets on the server for each session; null: none",
      },
    }),
  },
  rules: {
    kind: rules, fallback: [], inherits: true,
    about: 'other settings for some clients and statements: see sluice help rules',
  },
  drain: {
    kind: section<DrainSettings>({
      bytes: {
        kind: size(), fallback: '256MiB',
        about: 'the most bytes of a cut response that Sluice discards before it closes both connections',
      },
      timeMs: {
        key: 'time', kind: timeout, fallback: '30s',
        about: 'the longest time for discarding a response, and for the server to answer a client that has closed',
      },
      waitingMs: {
        key: 'waiting', kind: timeout, fallback: '5s',
        about: "the longest time for which the client's next command waits for the discarding; then the command gets " +
          'an error, and the connection is closed',
      },
    }),
  },
  kill: {
    kind: kill, fallback: null, about: 'kill the query of a cut response on the server, instead of reading the rest',
  },
  budget: {
    kind: section<Config['budget']>({
      bytes: {
        kind: orAutomatic(treatment.maxBytes), fallback: null,
        about: 'the most bytes of all buffered responses that are under way; beyond it the largest is cut; "auto" is ' +
          'a quarter of the memory that the application may use',
      },
    }),
  },
  stall: {
    kind: section<Config['stall']>({
      warnAfterMs: {
        key: 'warnAfter', kind: timeout, fallback: '10s',
        about: 'a client that reads nothing for this time is recorded',
      },
    }),
  },
  onUnparsed: {
    kind: oneOf('relay', 'close'), fallback: 'relay', about: 'the reaction to a conversation that cannot be followed',
  },
  compression: {
    kind: oneOf('inspect', 'strip'), fallback: 'inspect',
    about: 'follow compressed connections, or keep client and server from compressing',
  },
  connections: {
    kind: section<ConnectionSettings>({
      max: {
        kind: orAutomatic(count), fallback: DEFAULT_MAX_CONNECTIONS,
        about: 'the most clients at the same time; "auto" follows from the memory that Sluice may use',
      },
      connectTimeoutMs: {
        key: 'connectTimeout', kind: timeout, fallback: '10s',
        about: 'the longest time for a server to accept a connection',
      },
      handshakeTimeoutMs: {
        key: 'handshakeTimeout', kind: timeout, fallback: '10s',
        about: "the longest time for each step of a login: a PROXY header, the server's greeting, the client's login",
      },
      keepAliveMs: {
        key: 'keepAlive', kind: keepAlive, fallback: '30s',
        about: 'the silence after which TCP probes a peer',
      },
    }),
  },
  audit: {
    kind: section<AuditSettings>({
      to: { kind: auditTo, fallback: 'stdout', about: 'the destination of audit records' },
      format: {
        kind: oneOf('json', 'slowlog'), fallback: 'json', about: 'lines of JSON, or entries of a slow query log',
      },
      sql: {
        kind: oneOf('full', 'digest', 'none'), fallback: 'full', about: 'the part of a statement that records show',
      },
      sqlBytes: {
        kind: size({ min: 0, max: 2 ** 20 }), fallback: '4KiB',
        about: 'the longest statement that records show whole',
      },
      params: {
        kind: trueOrFalse, fallback: false, about: 'whether records show the values bound to a prepared statement',
      },
      sample: {
        kind: section<SampleSettings>({
          rows: {
            kind: orUnlimited(integer({ min: 0, expected: 'a number of rows' })), fallback: null,
            about: 'results with more rows are recorded, regardless of limits',
          },
          bytes: {
            kind: orUnlimited(size({ min: 0 })), fallback: null,
            about: 'results with more bytes are recorded, regardless of limits',
          },
          oneIn: {
            kind: orUnlimited(count), fallback: null, about: 'one in this many of the other results is recorded',
          },
          perSecond: {
            kind: count, fallback: 100, about: 'the most samples per second; further ones are only counted',
          },
        }),
      },
      admitted: {
        kind: trueOrFalse, fallback: true,
        about: 'whether results that passed their limit as streams are recorded',
      },
      tags: { kind: tagNames, fallback: RECORDED_TAGS, about: 'the tags of statements that records show' },
      liveTags: { kind: liveTagNames, fallback: LIVE_TAGS, about: 'the tags by which live statistics are kept' },
    }),
  },
  telemetry: { kind: telemetry },
  log: {
    kind: section<{ level: LogLevel }>({
      level: {
        kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
        fallback: 'info',
        about: 'the lowest level that is logged: trace, debug, info, warn, error, fatal or silent',
        flag: { name: 'log-level', value: 'LEVEL', example: 'debug' },
      },
    }),
  },
  admin: {
    kind: admin,
    fallback: null,
    about: 'the HTTP endpoint for health, metrics and control',
    flag: { name: 'admin', value: 'HOST:PORT', example: '127.0.0.1:9307' },
  },
  shutdown: {
    kind: section<ShutdownSettings>({
      acceptForMs: {
        key: 'acceptFor', kind: duration({ minMs: 0, maxMs: HOUR_MS }), fallback: '5s',
        about: 'the time after SIGTERM for which new connections are accepted',
      },
      timeoutMs: {
        key: 'timeout', kind: timeout, fallback: '30s',
        about: 'the time after SIGTERM at which remaining sessions are ended',
      },
    }),
  },
  workers: {
    kind: integer({ min: 1, max: 64, expected: 'a number of processes from 1 to 64' }), fallback: 1,
    about: 'the number of processes that relay: see sluice help operations',
  },
});
