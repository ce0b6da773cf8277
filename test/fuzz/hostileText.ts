import { STATEMENTS } from '../sql/corpus.js';
import type { Random } from '../support/random.js';

// Texts that a client may send: faulty statements, and text that would forge a log line or control a terminal if it
// were written unchanged.

const FRAGMENTS = [
  '/*', '*/', '/*!', '/*!50000 ', '/*!99999 ', '/*+', '/*M!100100 ', '--', '-- ', '#', '\n', "'", '"', '`', '\\', '@',
  '@@', '?',
  ';', '(', ')', ',', '.', '1', '1e', '0x', "x'", "n'", '_utf8', 'NULL', 'SELECT ', 'INTO ', 'WITH ', 'VALUES ',
  'RETURNING ',
  'INSERT ', 'ORDER BY ', 'GROUP BY ', 'IN (', '-', '+', ' ', '\0', '/* sluice: ', 'sluice:', 'rows=', 'bytes=',
  '1KiB ', '-1',
  'unlimited ', 'stream', '9'.repeat(40), 'USE ', 'SET net_write_timeout=', 'SHOW ', '$$', 'é', '大', '🐬', '\u00a0',
  '\ud800', "/*route='", "',job='", "'*/", '/*a:b,', ',c=d e=f*/', '%%3A', '%2', '%F0%9F', "\\'",
  "traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'",
  '\n-- app=shop,route=/a\n', '-- Metabase:: userID: 1\n', '# name: Get :one\n', '-- Hex query metadata: {"a":', '/*{"app":"dbt",',
  '"b":[1,{"c":2}],', '"d":1e5}*/', '}\n',
];

const FORGERIES = [
  '"}\r\n{"time":"2020-01-01T00:00:00.000Z","event":"result","action":"forged"}\n', '\x1b]0;title\x07', '\x1b[2J',
  '\x9b31m',
  '\u2028', '\u2029', '\u0085', '\u202e', '\x7f', '\b\b\b', '\r', '\ufeff', '__proto__', '%s%n', '${x}',
];

type Change = (random: Random, text: string) => string;

const spot = (random: Random, text: string): number => random.below(text.length + 1);

const put = (random: Random, text: string, piece: string): string => {
  const at = spot(random, text);
  return text.slice(0, at) + piece + text.slice(at);
};

const CHANGES: readonly Change[] = [
  (random, text) => put(random, text, random.pick(FRAGMENTS)),
  (random, text) => put(random, text, random.pick(FORGERIES)),
  (random, text) => put(random, text, random.pick(FRAGMENTS).repeat(random.skewed(200))),
  (random, text) => put(random, text, String.fromCharCode(random.below(random.chance(0.8) ? 256 : 65_536))),
  (random, text) => text.slice(0, spot(random, text)),
  (random, text) => text.slice(spot(random, text)),
  (random, text) => {
    const [from, to] = [spot(random, text), spot(random, text)];
    return text.slice(0, from) + text.slice(to);
  },
  (random, text) => put(random, text, random.pick(STATEMENTS)),
];

/** A statement, mostly with a few faults. */
export const hostileStatement = (random: Random): string => {
  let text = random.chance(0.9) ? random.pick(STATEMENTS) : '';
  for (let left = random.skewed(9); left > 0; left -= 1) text = random.pick(CHANGES)(random, text);
  return text;
};

/** A name without a NUL, as an account, a schema or a program may have. */
export const hostileName = (random: Random, usual: string): string => {
  if (random.chance(0.7)) return usual;
  return random.pick(CHANGES)(random, random.pick([usual, ...FORGERIES])).replaceAll('\0', '').slice(0, 60);
};
