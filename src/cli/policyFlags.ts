import { fileFailure, readUpTo } from '../config/file.js';
import { loadConfig } from '../config/load.js';
import { size } from '../report/amounts.js';
import { type Baseline, BaselineError, MAX_BASELINE_BYTES, parseBaseline } from '../report/baseline.js';
import type { FailPolicy } from '../report/failPolicy.js';
import { FAIL_ON_KINDS, type FindingKind } from '../report/findingKind.js';
import { type Arguments, didYouMean, type Flag, UsageError } from './command.js';
import { describeFlag } from './flags.js';
import { numberFrom } from './auditFiles.js';

// The flags for the conditions that break a build. `report` and `run` share them.

/** The heading of these flags in the help. */
export const POLICY_GROUP = 'Fail with exit code 3:';

const DEFAULT_GROWTH = 2;
const DEFAULT_EXECUTIONS = 20;

/** The flags besides --max-rows and --max-bytes. */
export const policyOptions: Readonly<Record<string, Flag>> = {
  'fail-on': {
    describe: describeFlag('KINDS', `on results of these kinds: ${FAIL_ON_KINDS.join(',')}`),
    requiresArg: true, values: FAIL_ON_KINDS, group: POLICY_GROUP,
  },
  'max-executions': {
    describe: describeFlag('N', 'with --fail-on repeated: on more executions of a digest in one transaction or trace'),
    defaultDescription: String(DEFAULT_EXECUTIONS), requiresArg: true, group: POLICY_GROUP,
  },
  baseline: {
    describe: describeFlag('FILE', 'only on what is not in this file, or has grown'),
    requiresArg: true, takesFile: true, group: POLICY_GROUP,
  },
  growth: {
    describe: describeFlag('FACTOR', 'how much larger than in the baseline a result may be'),
    defaultDescription: String(DEFAULT_GROWTH), requiresArg: true, group: POLICY_GROUP,
  },
};

/** The flags that may be given more than once. */
export const REPEATABLE_POLICY_FLAGS: readonly string[] = ['fail-on'];

/**
 * Reads the flags.
 * @param maxima the meaning of --max-rows and --max-bytes: `judged` if only the policy has these maxima; `limits` if
 * they are the limits of a proxy, so that each result that it cuts, or would have cut, breaks the policy
 * @throws {UsageError} with all mistakes in these flags, {ConfigError} if a maximum is no number or size
 */
export function policyFrom(given: Arguments, maxima: 'judged' | 'limits'): FailPolicy {
  const kinds = failOnKinds(given['fail-on']);
  const limits = maximaFrom(given);
  const overRows = given['max-rows'] !== undefined && limits.rows !== Infinity;
  const overBytes = given['max-bytes'] !== undefined && limits.bytes !== Infinity;
  const ofMaxima: readonly FindingKind[] = maxima === 'judged'
    ? [...(overRows ? ['max-rows' as const] : []), ...(overBytes ? ['max-bytes' as const] : [])]
    : overRows || overBytes ? ['cut', 'would-cut'] : [];
  const isRepeated = kinds.includes('repeated') || given['max-executions'] !== undefined;
  if (given['growth'] !== undefined && given['baseline'] === undefined) {
    throw new UsageError(['--growth: needs --baseline, such as --baseline sluice-baseline.json']);
  }
  return {
    failOn: new Set([...kinds, ...ofMaxima]),
    maxRows: maxima === 'judged' && overRows ? limits.rows : Infinity,
    maxBytes: maxima === 'judged' && overBytes ? limits.bytes : Infinity,
    maxExecutions: isRepeated ? numberFrom(given, 'max-executions', DEFAULT_EXECUTIONS) : Infinity,
    baseline: baselineFrom(given),
    growth: growthFrom(given),
  };
}

/** Whether a policy needs each result, also those about which nothing is done. */
export function needsAllResults({ maxExecutions, baseline }: FailPolicy): boolean {
  return maxExecutions !== Infinity || baseline !== null;
}

/**
 * Reads the baseline of a file.
 * @throws {UsageError} if it cannot be read, or is none
 */
export function readBaseline(file: string): Baseline {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, MAX_BASELINE_BYTES);
  } catch (error) {
    throw new UsageError([
      `--baseline: cannot read ${fileFailure(JSON.stringify(file), error)}: sluice baseline writes such a file`,
    ]);
  }
  if (bytes.length > MAX_BASELINE_BYTES) {
    throw new UsageError([
      `--baseline: ${file}: larger than ${size(MAX_BASELINE_BYTES)}: write it anew with sluice baseline --prune`,
    ]);
  }
  try {
    return parseBaseline(bytes, file);
  } catch (error) {
    if (!(error instanceof BaselineError)) throw error;
    throw new UsageError(error.problems.map((problem) => `--baseline: ${problem}`));
  }
}

function failOnKinds(given: unknown): FindingKind[] {
  const words = (Array.isArray(given) ? given : given === undefined ? [] : [given])
    .flatMap((text) => String(text).split(','));
  return words.map((word) => {
    const kind = FAIL_ON_KINDS.find((known) => known === word);
    if (kind !== undefined) return kind;
    const remedy = didYouMean(word, FAIL_ON_KINDS) || `, expected some of ${FAIL_ON_KINDS.join(',')}`;
    throw new UsageError([`--fail-on: unknown kind ${JSON.stringify(word)}${remedy}`]);
  });
}

/** The maxima on the command line, read as a proxy reads its limits. */
function maximaFrom(given: Arguments): { readonly rows: number; readonly bytes: number } {
  const flags = { 'max-rows': given['max-rows'], 'max-bytes': given['max-bytes'], upstream: 'localhost' };
  return loadConfig(flags, {}).limits;
}

function baselineFrom({ baseline }: Arguments): Baseline | null {
  return baseline === undefined ? null : readBaseline(String(baseline));
}

function growthFrom({ growth }: Arguments): number {
  if (growth === undefined) return DEFAULT_GROWTH;
  const factor = typeof growth === 'string' && /^\d{1,6}(\.\d{1,6})?$/.test(growth) ? Number(growth) : NaN;
  if (factor >= 1) return factor;
  throw new UsageError([`--growth: expected a factor from 1 on such as 1.5, got ${JSON.stringify(growth)}`]);
}
