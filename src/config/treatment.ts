// The part of the table of settings that a rule has as well.

import type { ErrorNumber, Limits, OnExceed, Treatment } from './config.js';
import { PLAIN_ERROR } from './errorAdvice.js';
import { integer, leaf, oneOf, orUnlimited, size, text } from './schema/kinds.js';
import { section, type Setting } from './schema/section.js';

const maxRows = orUnlimited(integer({ min: 1, expected: 'a positive integer' }));
export const maxBytes = orUnlimited(size());

const unlimited = section<Limits>({
  rows: { kind: maxRows, fallback: null },
  bytes: { kind: maxBytes, fallback: null },
});

// Client libraries keep 2000 to 2999 and 5000 to 5999 for their own errors and refuse them from a server; 0
// is no error; and from 32768 on MariaDB Connector/J, r2dbc-mariadb and PyMySQL read a negative number.
const errorCode = leaf({
  expected: 'an error code from 1 to 32767, but none of 2000 to 2999 and 5000 to 5999, which clients refuse',
  parse: (found) =>
    typeof found === 'number' && Number.isInteger(found) && found >= 1 && found <= 32767 &&
    ![2, 5].includes(Math.floor(found / 1000))
      ? found
      : undefined,
});

// Class 00 means success, and a client may take it at its word.
const sqlState = text(/^(?!00)[0-9A-Z]{5}$/, 'five of 0-9 and A-Z, not beginning with 00, such as "HY000"');

export const mode: Setting<Treatment['mode']> = {
  kind: oneOf('enforce', 'audit'),
  fallback: 'enforce',
  about: 'cut what breaks a limit, or only record it',
  flag: { name: 'mode', value: 'enforce|audit', example: 'audit' },
};

export const limits: Setting<Limits> = {
  kind: section<Limits>({
    rows: {
      kind: maxRows,
      fallback: 100_000,
      about: 'the most rows of one response, or "unlimited"',
      flag: { name: 'max-rows', value: 'N', example: '10000' },
    },
    bytes: {
      kind: maxBytes,
      fallback: '64MiB',
      about: 'the most bytes of one response, or "unlimited"',
      flag: { name: 'max-bytes', value: 'SIZE', example: '64MiB' },
    },
  }),
};

export const warn: Setting<Limits> = { kind: unlimited };

export const onExceed: Setting<OnExceed> = {
  kind: section<OnExceed>({
    action: { kind: oneOf('error', 'truncate', 'close', 'hold'), fallback: 'error' },
    error: {
      kind: section<ErrorNumber>({
        code: { kind: errorCode, fallback: PLAIN_ERROR.code },
        sqlState: { kind: sqlState, fallback: PLAIN_ERROR.sqlState },
      }),
    },
  }),
};

export const hints: Setting<Treatment['hints']> = { kind: oneOf('none', 'lower', 'any'), fallback: 'lower' };

export const streamingLimits: Setting<Limits> = { kind: unlimited };
