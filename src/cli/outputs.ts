import { github } from '../report/github.js';
import { junit } from '../report/junit.js';
import { markdown } from '../report/markdown.js';
import { sarif } from '../report/sarif.js';
import type { Verdict } from '../report/verdict.js';
import { keyAndValue } from '../text/keyAndValue.js';
import { type Arguments, didYouMean, type Flag, say, UsageError, version } from './command.js';
import { describeFlag } from './flags.js';
import { errorText } from '../text/errorText.js';
import { appendTo, replaceFile } from './writtenFile.js';

// The flag --format: the forms of the findings, each on standard output or in a file.

/** A form, and the file in which it is written; null for standard output. */
export interface Output {
  readonly format: Format;
  readonly file: string | null;
}

const FORMATS = ['text', 'json', 'markdown', 'junit', 'github', 'sarif'] as const;

export type Format = typeof FORMATS[number];

/** The forms that each command writes in a way of its own. */
export interface OwnForms {
  text(): string;
  json(): object;
}

/** The flag, which may be given more than once. */
export const formatOption: Flag = {
  describe: describeFlag('FORMAT[=FILE]', `${FORMATS.join(', ')}; to a file or standard output; repeatable`),
  defaultDescription: 'text',
  requiresArg: true,
  values: FORMATS,
};

/**
 * Reads the flag.
 * @throws {UsageError} if a format is not known, or standard output or a file would have two of them
 */
export function outputsFrom(given: Arguments): readonly Output[] {
  const { format: formats, json } = given;
  const texts = formats === undefined ? [] : (Array.isArray(formats) ? formats : [formats]).map(String);
  if (json === true && texts.length > 0) throw new UsageError(['--json: give --format json instead']);
  if (texts.length === 0) return [{ format: json === true ? 'json' : 'text', file: null }];
  const outputs = texts.map(outputFrom);
  refuseShared(outputs);
  return outputs;
}

function outputFrom(text: string): Output {
  const [word, file] = keyAndValue(text);
  const format = FORMATS.find((known) => known === word);
  if (format === undefined) {
    const remedy = didYouMean(word, FORMATS) || `, expected ${FORMATS.join(', ')}`;
    throw new UsageError([`--format: unknown format ${JSON.stringify(word)}${remedy}`]);
  }
  if (file === '') throw new UsageError([`--format: expected a file after "${format}="`]);
  return { format, file: file === '-' ? null : file };
}

/** Annotations are lines of a log, so they may stand after text. Everything else is a document of its own. */
function refuseShared(outputs: readonly Output[]): void {
  for (const { file } of outputs) {
    const formats = outputs.filter((output) => output.file === file).map(({ format }) => format);
    if (formats.length === 1 || (file === null && [...formats].sort().join() === 'github,text')) continue;
    const place = file === null ? 'standard output' : JSON.stringify(file);
    throw new UsageError([
      `--format: ${formats.join(' and ')} cannot both go to ${place}: give one a file, as in ${formats[0]}=FILE`,
    ]);
  }
}

/**
 * Writes all outputs. A file that cannot be written is named on standard error, and the others are written.
 * @param own the forms of this command
 * @returns whether all could be written
 */
export function writeOutputs(outputs: readonly Output[], verdict: Verdict, own: OwnForms): boolean {
  let areWritten = true;
  for (const { format, file } of outputs) {
    const text = formOf(format, verdict, own);
    if (file === null) process.stdout.write(text);
    else areWritten = writeForm(format, file, text) && areWritten;
  }
  return areWritten;
}

function formOf(format: Format, verdict: Verdict, own: OwnForms): string {
  switch (format) {
    case 'text': return `${own.text()}\n`;
    case 'json': return `${JSON.stringify(own.json(), null, 2)}\n`;
    case 'markdown': return markdown(verdict);
    case 'junit': return junit(verdict);
    case 'github': return github(verdict);
    case 'sarif': return `${JSON.stringify(sarif(verdict, version()), null, 2)}\n`;
  }
}

function writeForm(format: Format, file: string, text: string): boolean {
  try {
    // Other programs of the same step may have written to the job's summary.
    if (file === process.env['GITHUB_STEP_SUMMARY']) appendTo(file, text);
    else replaceFile(file, text);
    return true;
  } catch (error) {
    say([`sluice: --format ${format}: cannot write ${JSON.stringify(file)}: ${errorText(error)}`]);
    return false;
  }
}
