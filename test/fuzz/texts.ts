import { plainText } from '../../src/audit/plainText.js';
import { slowLogEntry } from '../../src/audit/slowLog.js';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { findHint } from '../../src/policy/hint.js';
import type { SqlMode } from '../../src/sql/lexer.js';
import { MAX_DIGEST_TEXT_LENGTH } from '../../src/sql/normalForm.js';
import { digests } from '../../src/policy/digestCache.js';
import { traceContextOf } from '../../src/policy/traceContext.js';
import { MAX_TAG_BYTES, MAX_TAGS } from '../../src/sql/foundTags.js';
import { tagsOf } from '../../src/sql/tags.js';
import { resultsOf } from '../../src/sql/results.js';
import { isSingleReadOnly, mayLoadFile, statementKind } from '../../src/sql/statement.js';
import { charactersReadBy } from '../sql/work.js';
import { Random } from '../support/random.js';
import { wrongAddresses } from './addresses.js';
import { hostileName, hostileStatement } from './hostileText.js';
import type { Mode, Played } from './mode.js';

// Feeds statements and addresses to their readers: the answer comes in time, within its bounds, and is the safe one.

/** The mark after a digest's text that is too long: a space and three dots. */
const MARK_CHARACTERS = 4;
/** A function may read a character this often. Some read the first one of an operator once for each known operator. */
const MAX_READS = 300;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

const ask = (sql: string, isTruncated: boolean, mode: SqlMode): string => {
  findHint(sql, isTruncated, mode);
  statementKind(sql, isTruncated, mode);
  resultsOf(sql, mode);
  mayLoadFile(sql, isTruncated, mode);
  isSingleReadOnly(sql, isTruncated, mode);
  tagsOf(Buffer.from(sql), isTruncated, mode);
  return digestText(sql, mode);
};

const wrongLine = (text: string): string | null => {
  const line = plainText(JSON.stringify({ sql: text }));
  if (UNPRINTABLE.test(line)) return 'a line with something in it that a terminal does not show';
  return (JSON.parse(line) as { sql: string }).sql === text ? null : 'a line that means something else';
};

/** The lines that readers of a slow log take for a head. */
const HEAD_LINE = /^(?:# |use |SET timestamp=)/;
const MAX_HEAD_LINES = 9;

/** Checks that an entry of the slow log has its own head, and that nothing else in it looks like one. */
const wrongEntry = (record: Readonly<Record<string, unknown>>): string | null => {
  const lines = slowLogEntry(record, 0)!.split('\n');
  const head = lines.findIndex((line) => line.startsWith('SET timestamp=')) + 1;
  const rest = lines.slice(head, -1);
  if (head === 0 || head > MAX_HEAD_LINES || rest.length === 0) return 'an entry of the slow log without its head';
  const [first = '', ...later] = rest;
  const isCommand = first === `# administrator command: ${String(record['command'])};`;
  if (HEAD_LINE.test(first) && !isCommand) return `a statement that looks like a head: ${first}`;
  const odd = later.find((line) => !line.startsWith(' '));
  return odd === undefined ? null : `a statement with a line of its own: ${odd}`;
};

const wrongAnswers = (sql: string, isTruncated: boolean, mode: SqlMode): string | null => {
  let digest = '';
  const read = charactersReadBy(() => (digest = ask(sql, isTruncated, mode)));
  if (read > MAX_READS * (sql.length + 100)) return `${read} characters read for a text of ${sql.length}`;
  if (digest.length > MAX_DIGEST_TEXT_LENGTH + MARK_CHARACTERS) return `a digest's text of ${digest.length} characters`;
  if (digest !== digestText(sql, mode)) return 'another digest for the same text';
  if (!/^[0-9a-f]{16}$/.test(digestHash(digest))) return 'a digest that is no hash';
  if (digests.digestOf(sql, mode).text !== digest) return 'another digest without its comments';
  if (isTruncated && isSingleReadOnly(sql, true, mode)) return 'a text with a part missing that is said to read only';
  return wrongTags(sql, isTruncated, mode) ?? wrongLine(sql) ?? wrongLine(digest);
};

const wrongTags = (sql: string, isTruncated: boolean, mode: SqlMode): string | null => {
  const tags = tagsOf(Buffer.from(sql), isTruncated, mode);
  if (tags.size > MAX_TAGS) return `${tags.size} tags`;
  const tooLong = [...tags.values()].find((value) => Buffer.byteLength(value) > MAX_TAG_BYTES);
  if (tooLong !== undefined) return `a tag of ${Buffer.byteLength(tooLong)} bytes`;
  traceContextOf(tags);
  const record = {
    event: 'result', action: 'cut', rule: 'default', command: 'COM_QUERY', tags: Object.fromEntries(tags),
  };
  return wrongEntry(record) ?? wrongLine(JSON.stringify(record));
};

/** A text as a server sees it: its bytes as UTF-8, or each byte as a character. */
const decoded = (random: Random, text: string): string => {
  const bytes = Buffer.from(text);
  const end = random.chance(0.3) ? random.below(bytes.length + 1) : bytes.length;
  return bytes.toString(random.chance(0.8) ? 'utf8' : 'latin1', 0, end);
};

export class TextsMode implements Mode {
  readonly concurrency = 1;

  inputOf(seed: number): readonly string[] {
    return [JSON.stringify(this.textOf(new Random(seed)))];
  }

  async play(seed: number): Promise<Played> {
    const random = new Random(seed);
    const text = this.textOf(random);
    const mode = { ansiQuotes: random.chance(0.3), noBackslashEscapes: random.chance(0.3) };
    const names = Object.fromEntries(
      ['user', 'schema', 'program', 'client'].map((name) => [name, hostileName(random, 'app')]),
    );
    const problem = wrongAnswers(text, random.chance(0.3), mode)
      ?? wrongEntry({ event: 'result', action: 'cut', rule: 'default', command: 'COM_QUERY', sql: text, ...names })
      ?? wrongAddresses(random);
    return { bytes: Buffer.byteLength(text), problem };
  }

  async inspect(): Promise<string | null> {
    return null;
  }

  async close(): Promise<void> {}

  private textOf(random: Random): string {
    return decoded(random, hostileStatement(random));
  }
}
