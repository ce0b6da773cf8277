// The part of the table of settings that is the same for rules and globally.

import type { Limits, OnExceed, Treatment } from './config.js';
import type { CutError } from './errorSettings.js';
import { PLAIN_ERROR } from './errorAdvice.js';
import { templateOrNull } from './messageTemplate.js';
import { integer, leaf, oneOf, orUnlimited, size, text } from './schema/kinds.js';
import { either } from './schema/jsonSchema.js';
import { section, type Section, type Setting } from './schema/section.js';

const maxRows = orUnlimited(integer({ min: 1, expected: 'a positive integer' }));
export const maxBytes = orUnlimited(size());

/** Limits that are unlimited by default. `rows` and `bytes` say what each is for. */
const unlimited = (rows: string, bytes: string): Section<Limits> => section<Limits>({
  rows: { kind: maxRows, fallback: null, about: rows },
  bytes: { kind: maxBytes, fallback: null, about: bytes },
});

// Client libraries use 2000 to 2999 and 5000 to 5999 for their own errors and refuse them from a server. 0 is no error.
// From 32768 on MariaDB Connector/J, r2dbc-mariadb and PyMySQL read a negative number.
export const errorCode = leaf({
  expected: 'an error code from 1 to 32767, except 2000 to 2999 and 5000 to 5999, which clients refuse',
  schema: {
    type: 'integer', minimum: 1, maximum: 32767,
    not: either({ minimum: 2000, maximum: 2999 }, { minimum: 5000, maximum: 5999 }),
  },
  parse: (found) =>
    typeof found === 'number' && Number.isInteger(found) && found >= 1 && found <= 32767 &&
    ![2, 5].includes(Math.floor(found / 1000))
      ? found
      : undefined,
});

// Class 00 means success, and a client may believe it.
export const sqlState = text(
  /^(?!00)[0-9A-Z]{5}$/, 'five characters of 0-9 and A-Z, not beginning with 00, such as "HY000"',
);

/** The names that may stand in braces in the text of a cut's error. */
const CUT_PLACEHOLDERS = ['limit', 'rule', 'rows', 'bytes', 'digest', 'advice'] as const;

export const mode: Setting<Treatment['mode']> = {
  kind: oneOf('enforce', 'audit'),
  fallback: 'enforce',
  about: 'cut responses that break a limit, or only record them',
  flag: { name: 'mode', value: 'enforce|audit', example: 'audit' },
};

export const limits: Setting<Limits> = {
  kind: section<Limits>({
    rows: {
      kind: maxRows,
      fallback: 100_000,
      about: 'the most rows of a response that its client buffers',
      flag: { name: 'max-rows', value: 'N|unlimited', example: '10000' },
    },
    bytes: {
      kind: maxBytes,
      fallback: '64MiB',
      about: 'the most bytes of a response that its client buffers',
      flag: { name: 'max-bytes', value: 'SIZE|unlimited', example: '64MiB' },
    },
  }),
};

export const warn: Setting<Limits> = {
  kind: unlimited(
    'a response with more rows is recorded, even if no limit cuts it',
    'a response with more bytes is recorded, even if no limit cuts it',
  ),
};

export const onExceed: Setting<OnExceed> = {
  kind: section<OnExceed>({
    action: {
      kind: oneOf('error', 'truncate', 'close', 'hold'), fallback: 'error',
      about: 'the reaction to a response that breaks its limit',
    },
    error: {
      kind: section<CutError>({
        code: { kind: errorCode, fallback: PLAIN_ERROR.code, about: "the error's number" },
        sqlState: { kind: sqlState, fallback: PLAIN_ERROR.sqlState, about: "the error's SQLSTATE" },
        message: {
          kind: templateOrNull(CUT_PLACEHOLDERS), fallback: null, about: "the error's text; null for Sluice's own",
        },
      }),
    },
  }),
};

export const hints: Setting<Treatment['hints']> = {
  kind: oneOf('none', 'lower', 'any'),
  fallback: 'lower',
  about: 'how far a hint in a statement may change its limits',
};

export const streamingLimits: Setting<Limits> = {
  kind: unlimited(
    'the most rows of a response that its client reads as a stream',
    'the most bytes of a response that its client reads as a stream',
  ),
};
