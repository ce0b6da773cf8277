import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explain } from '../../src/cli/explain.js';
import { askerFrom } from '../../src/cli/subject.js';
import { loadConfig } from '../../src/config/load.js';
import { CLI } from '../cli/program.js';
import { shopAudit } from './shopAudit.js';

// The outputs of the program that the documents show.

/** A time before the end of each rule in the documents. */
const NOW_MS = Date.parse('2026-12-01T00:00:00Z');
/** Fits into the 80 columns of a topic, with its indentation. */
const WIDTH = 76;

/** The mark for omitted lines. */
const LEFT_OUT = '# …';

const inFolder = <Result>(use: (folder: string) => Result): Result => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-help-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The output of the program for the shop's audit. */
const saidOfShop = (...args: readonly string[]): string[] =>
  inFolder((folder) => {
    writeFileSync(join(folder, 'audit.json'), shopAudit());
    return execFileSync(process.execPath, [CLI, ...args, 'audit.json'], { cwd: folder, encoding: 'utf8' })
      .trimEnd().split('\n');
  });

/** Breaks lines that are too wide: below the value, or after the mark of a comment. */
const folded = (line: string, width: number): string[] => {
  if (line.length <= width) return [line];
  const next = line.startsWith('# ') ? '#   ' : ' '.repeat((/^\s*\S+\s{2,}|^\s*/.exec(line) ?? [''])[0].length);
  const end = line.lastIndexOf(' ', width);
  return [line.slice(0, end), ...folded(next + line.slice(end + 1), width)];
};

/** If a line of a table is too wide, it ends with an ellipsis. Any other line continues in the next one. */
const fitted = (line: string, width: number): string[] =>
  (line.length > width && / {2}/.test(line) ? [`${line.slice(0, width - 1)}…`] : folded(line, width));

const indented = (lines: readonly string[]): string[] =>
  lines.map((line) => (line === '' ? '' : `    ${line}`));

const isFrom = (lines: readonly string[], start: RegExp): number => lines.findIndex((line) => start.test(line));

/** The first lines of a report, and its ranking. */
export const reportLines = (flags: readonly string[], width = WIDTH): string[] => {
  const lines = saidOfShop('report', ...flags);
  const head = lines.slice(0, isFrom(lines, /^# Bytes/) + 1);
  const ranking = lines.slice(isFrom(lines, /^# Ranking/), isFrom(lines, /^# (Digest 1:|and \d+ more)/));
  return [...head, LEFT_OUT, ...ranking.filter((line) => line !== '#')].flatMap((line) => fitted(line, width));
};

/** The advice on the shop: all of it, or the part before the configuration. */
export const adviceLines = ({ isWhole }: { readonly isWhole: boolean }, width = WIDTH): string[] => {
  const lines = saidOfShop('advise', '--max-rows', '10000', '--exempt', 'user=backup');
  const shown = isWhole ? lines : lines.slice(0, isFrom(lines, /^# In the configuration/) - 1);
  return shown.flatMap((line) => fitted(line, width));
};

/** The output of `check --as --sql` for the question in a text, with the text's first configuration. */
export const explanationLines = (text: string): string[] => {
  const [, json = ''] = /^```json\n(.*?)^```/ms.exec(text) ?? [];
  const [, as = '', sql = ''] = /--as (\S+) \\\n +--sql "(.*)"/.exec(text) ?? [];
  const config = inFolder((folder) => {
    const file = join(folder, 'sluice.json');
    writeFileSync(file, json);
    return loadConfig({ config: file }, {});
  });
  return explain(config, { ...askerFrom(as), sql, nowMs: NOW_MS }).flatMap((line) => folded(line, WIDTH));
};

/** The lines of a block of code, as they stand in a text. */
export const asBlock = (lines: readonly string[]): string => indented(lines).join('\n');
