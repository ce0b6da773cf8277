import { existsSync } from 'node:fs';
import { countOf, size } from '../report/amounts.js';
import { type Baseline, baselineText, endOf, MAX_BASELINE_BYTES, MOST_ENTRIES } from '../report/baseline.js';
import { BaselineUpdate } from '../report/baselineUpdate.js';
import { Survey } from '../report/survey.js';
import { errorText } from '../text/errorText.js';
import { filesFrom, readFiles, selectionFrom, selectionOptions } from './auditFiles.js';
import { type Command, EXIT_CODES, say } from './command.js';
import { describeFlag } from './flags.js';
import { readBaseline } from './policyFlags.js';
import { replaceFile } from './writtenFile.js';
import { world } from '../world/world.js';

// The command `baseline`: it writes the digests that are known, for review in a pull request.

const DEFAULT_FILE = 'sluice-baseline.json';

/** The fields of an entry that come from records. */
const COMPARED = ['rows', 'bytes', 'executions', 'refused'] as const;

/** The changes from one baseline to the next, in words. */
function changes(before: Baseline, after: Baseline): string[] {
  const added = [...after.keys()].filter((digest) => !before.has(digest)).length;
  const removed = [...before.keys()].filter((digest) => !after.has(digest)).length;
  const changed = [...after.values()].filter((entry) => {
    const old = before.get(entry.digest);
    return old !== undefined && COMPARED.some((key) => old[key] !== entry[key]);
  }).length;
  const ended = [...after.values()].filter((entry) => endOf(entry) <= world.dateMs()).length;
  return [
    `${countOf(after.size, 'digest')}: ${added} new, ${changed} changed, ${removed} removed`,
    ...(ended === 0 ? [] : [
      `${countOf(ended, 'digest')} of them no longer known, because until has passed: edit or remove it`,
    ]),
  ];
}

/** Notes about records that are not in the baseline; empty if there are none. */
function omissions({ leftOut: { unknown, digests } }: BaselineUpdate, { badLines }: Survey): string[] {
  return [
    ...(badLines === 0 ? [] : [`left out: ${countOf(badLines, 'line')} that are no audit records`]),
    ...(unknown === 0 ? [] : [`left out: ${countOf(unknown, 'record')} of unknown statements`]),
    ...(digests.size === 0 ? [] : [
      `left out: ${countOf(digests.size, 'digest')} or more: a baseline has at most ${MOST_ENTRIES}`,
    ]),
  ];
}

/** Why nothing can be written from these records; null if it can. */
function refusalFor(update: BaselineUpdate, survey: Survey, prunes: boolean): string | null {
  const { badLines, firstBad, firstOfSlowLog, unselected } = survey;
  const bad = firstBad === null ? '' : `${countOf(badLines, 'line')} without an audit record, ` +
    `the first at ${firstBad.file}:${firstBad.line}`;
  if (update.isEmpty) {
    const reasons = [
      ...(firstOfSlowLog === null ? [] : [`a slow query log at ${firstOfSlowLog.file}:${firstOfSlowLog.line}`]),
      ...(bad === '' ? [] : [bad]),
      ...(update.leftOut.unknown === 0 ? [] : [`${countOf(update.leftOut.unknown, 'record')} of unknown statements`]),
      ...(unselected === 0 ? [] : [`${countOf(unselected, 'record')} outside of the selection`]),
    ];
    const found = reasons.length === 0 ? '' : `, only ${reasons.join('; ')}`;
    return `found no record of a known statement${found}: give audit files of Sluice with "format": "json"`;
  }
  if (!prunes || bad === '') return null;
  return `found ${bad}: --prune would drop what they stand for; repair the file, or leave --prune out`;
}

/** Why a baseline of so many bytes is not written: it could not be read again. */
function tooLarge(byteCount: number): string {
  return `sluice: the baseline would have ${size(byteCount)}, and no more than ${size(MAX_BASELINE_BYTES)} are read: ` +
    'drop what is no longer there with --prune, or select fewer records with --user or --schema';
}

/** Writes a baseline from audit files, or updates it. */
export const baseline: Command = {
  name: 'baseline',
  describe: 'write or update the baseline of known statements, from audit files',
  operands: 'FILE...',
  options: {
    baseline: {
      describe: describeFlag('FILE', 'the baseline to write or update'),
      takesFile: true, defaultDescription: DEFAULT_FILE, requiresArg: true,
    },
    prune: {
      describe: describeFlag('', 'drop what is not in the audit files, and let sizes shrink to theirs'),
      type: 'boolean',
    },
    ...selectionOptions,
  },
  async run(given) {
    const file = String(given['baseline'] ?? DEFAULT_FILE);
    const before: Baseline = existsSync(file) ? readBaseline(file) : new Map();
    const update = new BaselineUpdate();
    const survey = new Survey(
      selectionFrom(given), (record) => update.addResult(record), (record) => update.addRefusal(record),
    );
    // Half of the files would make a baseline that lets everything in the other half fail.
    if (!await readFiles(filesFrom(given), survey)) return EXIT_CODES.failed;
    const prunes = given['prune'] === true;
    const refusal = refusalFor(update, survey, prunes);
    if (refusal !== null) {
      say([`sluice: ${refusal}`, `${file}: not written`]);
      return EXIT_CODES.failed;
    }
    const after = update.baseline(before, prunes);
    const text = baselineText(after);
    const byteCount = Buffer.byteLength(text);
    if (byteCount > MAX_BASELINE_BYTES) {
      say([tooLarge(byteCount), `${file}: not written`]);
      return EXIT_CODES.failed;
    }
    try {
      replaceFile(file, text);
    } catch (error) {
      say([`sluice: --baseline: cannot write ${JSON.stringify(file)}: ${errorText(error)}`]);
      return EXIT_CODES.failed;
    }
    say([...changes(before, after), ...omissions(update, survey)].map((line) => `${file}: ${line}`));
    return update.leftOut.digests.size === 0 ? EXIT_CODES.ok : EXIT_CODES.failed;
  },
};
