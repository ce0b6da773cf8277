import { finiteOrNull } from '../config/finiteOrNull.js';
import type { HeavyHitters } from '../statistics/heavyHitters.js';
import type { JudgedFinding } from './judgedFinding.js';
import type { Verdict } from './verdict.js';

/** A verdict as JSON: sizes in bytes, times in ms. */
export function verdictJson(verdict: Verdict): object {
  const { policy, isBroken, executions, refusals, leftOut, unscoped, gaps, broken, tolerated, passed } = verdict;
  const { failOn, maxRows, maxBytes, maxExecutions, baseline, growth } = policy;
  return {
    isBroken,
    policy: {
      failOn: [...failOn], maxRows: finiteOrNull(maxRows), maxBytes: finiteOrNull(maxBytes),
      maxExecutions: finiteOrNull(maxExecutions),
      baseline: baseline === null ? null : { digests: baseline.size, growth },
    },
    executions, refusals,
    leftOut: { ...leftOut },
    unscopedExecutions: unscoped,
    gaps,
    broken: broken.map(findingJson), tolerated: tolerated.map(findingJson), passed: passed.map(findingJson),
  };
}

function findingJson({ finding, found, compared }: JudgedFinding): object {
  const {
    digest, digestText, kinds, executions, rows, bytes, isLowerBound, rowsInAll, durationMs, repetition, example,
    position,
  } = finding;
  return {
    digest, digestText, found, baseline: compared, kinds: Object.fromEntries(kinds),
    executions, largestRows: rows, largestBytes: bytes, isLowerBound, rowsInAll, durationMs, repetition, position,
    tests: namesOf(finding.tests), routes: namesOf(finding.routes), users: namesOf(finding.users),
    programs: namesOf(finding.programs), rules: namesOf(finding.rules),
    example: example === null ? null
      : { time: new Date(example.atMs).toISOString(), rows: example.rows, bytes: example.bytes, sql: example.sql },
  };
}

const namesOf = (names: HeavyHitters<unknown>): string[] => names.heaviest().map(({ key }) => key);
