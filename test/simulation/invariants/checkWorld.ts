import type { WorldRun } from '../runWorld.js';
import { playLeases } from '../workers/leaseWorld.js';
import { checkDrains } from './drains.js';
import { checkHalfClose } from './halfClose.js';
import { judgedUsages } from './judged.js';
import { checkKills } from './kills.js';
import { checkLimits } from './limits.js';
import { checkEnds, checkLog } from './log.js';
import { checkNotRun, checkPassedOver, checkRunsOn } from './promises.js';
import { checkCounts, checkRecords } from './records.js';
import { checkRemains } from './remains.js';
import { checkRunsOnWithoutClient } from './runsOn.js';
import { checkSamples } from './samples.js';
import { usagesOf } from './usages.js';

/** Checks a world that is over. */
export const checkWorld = (run: WorldRun): void => {
  const { ledger, records, settings, plan, violations, log, metrics, administrator } = run;
  const judged = judgedUsages(usagesOf(ledger), records, settings, plan, violations);
  for (const one of judged) {
    if (!one.usage.hasArrived) continue;
    checkLimits(one);
    checkRecords(one);
    checkRunsOn(one, log);
  }
  checkNotRun(ledger, violations);
  checkPassedOver(ledger, violations);
  checkKills(judged, ledger, administrator.asked, violations);
  checkCounts(records, metrics, settings.every(({ config }) => config.audit.admitted), violations);
  checkLog(log, metrics, violations);
  checkEnds(log, ledger, violations);
  checkDrains(run);
  checkHalfClose(run);
  checkRunsOnWithoutClient(run);
  checkSamples(run);
  checkRemains(run);
  for (const { invariant, text } of playLeases(plan.seed)) violations.add(invariant, text);
};
