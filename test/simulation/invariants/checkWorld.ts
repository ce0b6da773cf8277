import type { WorldRun } from '../runWorld.js';
import { playLeases } from '../workers/leaseWorld.js';
import { checkDates, checkTimeline } from './clock.js';
import { checkDisk } from './disk.js';
import { checkClosedOnce, checkDrains } from './drains.js';
import { checkEncryption } from './encryption.js';
import { checkHalfClose } from './halfClose.js';
import { judgedUsages, type Judged } from './judged.js';
import { checkKills } from './kills.js';
import { checkLimits } from './limits.js';
import { checkEnds, checkLog } from './log.js';
import { checkMemoryLimit } from './memoryLimit.js';
import { checkNames } from './names.js';
import { checkNotRun, checkPassedOver, checkRunsOn } from './promises.js';
import { checkCounts, checkRecords } from './records.js';
import { checkRefusals } from './refusals.js';
import { checkRemains } from './remains.js';
import { checkRunsOnWithoutClient } from './runsOn.js';
import { checkSamples } from './samples.js';
import { settingsInForce } from './settingsInForce.js';
import { usagesOf } from './usages.js';
import { checkWorkers } from './workers.js';

/** Checks a world that is over. Returns what is known of each usage. */
export const checkWorld = (run: WorldRun): readonly Judged[] => {
  const { ledger, records, plan, violations, log, metrics, administrator, world } = run;
  const settings = settingsInForce(run);
  const judged = judgedUsages(usagesOf(ledger), records, settings, plan, violations);
  for (const one of judged) {
    if (!one.usage.hasArrived) continue;
    checkLimits(one);
    checkRecords(one);
    checkRunsOn(one, log);
  }
  checkNotRun(ledger, violations);
  checkPassedOver(ledger, violations);
  checkKills(judged, ledger, settings, administrator.asked, violations);
  const hasLostProcess = world.workers.some(({ wasKilled }) => wasKilled);
  checkCounts(records, metrics, settings.every(({ config }) => config.audit.admitted), hasLostProcess, violations);
  checkLog(log, metrics, plan.faults, violations);
  checkEnds(log, ledger, violations);
  checkDrains(run);
  checkClosedOnce(run);
  checkHalfClose(run);
  checkRefusals(run);
  checkRunsOnWithoutClient(run);
  checkSamples(run);
  checkRemains(run);
  checkDates(run);
  checkTimeline(run);
  checkDisk(run);
  checkNames(run);
  checkMemoryLimit(run);
  checkWorkers(run);
  checkEncryption(run);
  for (const { invariant, text } of playLeases(plan.seed)) violations.add(invariant, text);
  return judged;
};
