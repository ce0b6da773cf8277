import { loadConfig } from '../config/load.js';
import type { Limits } from '../config/config.js';
import { type Advice, adviceJson, adviceText } from '../report/advice.js';
import { percent } from '../report/amounts.js';
import { Coverage } from '../report/coverage.js';
import { Exemptions } from '../report/exemptions.js';
import { Forecast } from '../report/forecast.js';
import { LimitSearch } from '../report/limitSearch.js';
import type { Selection } from '../report/selection.js';
import { Survey } from '../report/survey.js';
import {
  filesFrom, filesToReadTwice, numberFrom, readFiles, selectionFrom, selectionOptions,
} from './auditFiles.js';
import { type Arguments, type Command, EXIT_CODES, UsageError } from './command.js';
import { exemptFrom } from './exempt.js';
import { groupByOption, groupingFrom } from './grouping.js';
import { configOptions, describeFlag } from './flags.js';

// The command `advise`: it estimates the effect of limits from audit files.

const DIGESTS_KEPT = 5000;
const DIGESTS_SHOWN = 20;

/** A limit to find: its unit, and the part of the results that it may cut. */
interface Wanted {
  readonly by: keyof Limits;
  readonly rate: number;
}

/** The limits on the command line, read as the proxy would read them. */
function limitsFrom(given: Arguments): Limits {
  const flags = { 'max-rows': given['max-rows'], 'max-bytes': given['max-bytes'], upstream: 'localhost' };
  return loadConfig(flags, {}).limits;
}

function refuse(problem: string): never {
  throw new UsageError([problem]);
}

function wantedFrom(given: Arguments): Wanted | null {
  const { by = 'bytes', 'cut-rate': text } = given;
  if (by !== 'rows' && by !== 'bytes') {
    return refuse(`--by: expected rows or bytes, got ${JSON.stringify(by)}`);
  }
  if (text === undefined) {
    if (given['by'] === undefined) return null;
    return refuse('--by: needs --cut-rate, such as --cut-rate 0.1%');
  }
  const [, digits] = (typeof text === 'string' && /^(\d{1,3}(?:\.\d{1,9})?)%$/.exec(text)) || [];
  const rate = Number(digits) / 100;
  if (!(rate >= 0 && rate <= 1)) {
    refuse(`--cut-rate: expected a percentage from 0% to 100% such as 0.1%, got ${JSON.stringify(text)}`);
  }
  if (given[`max-${by}`] !== undefined) {
    refuse(`--max-${by}: --cut-rate finds this limit; leave one of them out`);
  }
  return { by, rate };
}

/**
 * Finds the wanted limit.
 * @throws {UsageError} if there is none
 */
async function findLimits(
  files: readonly string[], selection: Selection, given: Limits, { by, rate }: Wanted, exemptions: Exemptions,
): Promise<Limits> {
  const search = new LimitSearch(by, given, exemptions);
  await readFiles(files, new Survey(selection, (record) => {
    if (record.hasResult) search.add(record);
  }));
  const limit = search.find(rate);
  if (limit !== null) return { ...given, [by]: limit };
  const other = by === 'rows' ? 'max-bytes' : 'max-rows';
  const least = percent(search.leastRate);
  return refuse(`--cut-rate: the other limit alone cuts ${least}: raise --${other}, or the rate`);
}

/** Estimates what a limit would have cut, or finds a limit that cuts no more than wanted. */
export const advise: Command = {
  name: 'advise',
  describe: 'estimate from audit files what a limit would cut',
  operands: 'FILE...',
  repeatable: ['exempt'],
  options: {
    'max-rows': { ...configOptions['max-rows'], group: 'The limits:' },
    'max-bytes': { ...configOptions['max-bytes'], group: 'The limits:' },
    'cut-rate': {
      describe: describeFlag('PERCENT', 'find the limit that cuts no more than this part, as in 0.1%'),
      requiresArg: true, group: 'The limits:',
    },
    by: {
      describe: describeFlag('rows|bytes', 'the unit of that limit'),
      defaultDescription: 'bytes', requiresArg: true, values: ['rows', 'bytes'], group: 'The limits:',
    },
    exempt: {
      describe: describeFlag('WHO', 'whom not to limit: user=,schema=,client=,program=,digest=; repeatable'),
      requiresArg: true, group: 'The limits:',
    },
    'group-by': groupByOption,
    limit: {
      describe: describeFlag('N', 'how many of them to show'),
      defaultDescription: String(DIGESTS_SHOWN), requiresArg: true,
    },
    json: { describe: describeFlag('', 'for machines'), type: 'boolean' },
    ...selectionOptions,
  },
  async run(given) {
    const wanted = wantedFrom(given);
    const rules = exemptFrom(given['exempt']);
    const exemptions = new Exemptions(rules);
    const selection = selectionFrom(given);
    const limit = numberFrom(given, 'limit', DIGESTS_SHOWN);
    const files = wanted === null ? filesFrom(given) : filesToReadTwice(given, '--cut-rate');
    const limits = wanted === null
      ? limitsFrom(given)
      : await findLimits(files, selection, limitsFrom(given), wanted, exemptions);
    const forecast = new Forecast(limits, exemptions, DIGESTS_KEPT, groupingFrom(given));
    const coverage = new Coverage();
    const survey = new Survey(selection, (record) => {
      if (!record.hasResult) return; // no limit would change anything for it
      forecast.add(record);
      coverage.add(record);
    });
    const isWhole = await readFiles(files, survey);
    const advice: Advice = { survey, forecast, coverage, rules, limit };
    const text = given['json'] === true ? JSON.stringify(adviceJson(advice), null, 2) : adviceText(advice);
    process.stdout.write(`${text}\n`);
    return isWhole ? EXIT_CODES.ok : EXIT_CODES.failed;
  },
};
