import { isDeepStrictEqual } from 'node:util';
import type { WorldPlan } from '../plan.js';
import type { WorldOutcome, WorldRun } from '../runWorld.js';
import type { AuditRecord } from './judged.js';

/** By one and the same clock, a record's statement began before the record was written, and not before the world. */
export const checkDates = ({ program, records, endedAtMs, violations }: WorldRun): void => {
  for (const [index, { startedAt, sql }] of records.entries()) {
    const ageMs = program.recordDatesMs[index]! - Date.parse(String(startedAt));
    if (ageMs >= -1 && ageMs <= endedAtMs + 1) continue;
    violations.add('dates', `a record says that its statement began ${ageMs} ms ago: ${String(sql)}`);
  }
};

/** Live statistics show cuts up to now, however wrong the clock was before. They may be a little ahead of now. */
export const checkTimeline = ({ program, proxy, world, violations }: WorldRun): void => {
  const overview = program.statisticsOf(proxy!)?.overview({ order: 'bytes', grouping: 'digest' }, world.dateMs);
  const slots = overview?.slots ?? [];
  const [first, last] = [slots[0], slots.at(-1)];
  if (first === undefined || last === undefined) return;
  const spanMs = last.fromMs - first.fromMs;
  const aheadMs = last.fromMs - world.dateMs;
  if (aheadMs <= spanMs) return;
  violations.add('dates', `live statistics are ${aheadMs} ms ahead of now, and show ${spanMs} ms in all`);
};

/**
 * Setting the clock changes dates, and nothing else: no wait becomes shorter or longer. So the same world with a clock
 * that is never set has the same events. Only a rule with an end depends on the date.
 */
export const checkClock = async (
  { outcome, settings, violations }: WorldRun, play: (plan: WorldPlan) => Promise<WorldOutcome>,
): Promise<void> => {
  const { plan } = outcome;
  const isSet = plan.faults.some((fault) => fault.do === 'clock' && fault.byMs !== 0);
  const hasEnds = settings.some(({ config }) => config.rules.some(({ untilMs }) => untilMs !== Infinity));
  if (!isSet || hasEnds) return;
  const faults = plan.faults.map((fault) => (fault.do === 'clock' ? { ...fault, byMs: 0 } : fault));
  const left = await play({ ...plan, faults });
  if (isDeepStrictEqual(traitsOf(outcome), traitsOf(left))) return;
  const sizeOf = ({ eventCount, endedAtMs }: WorldOutcome): string => `${eventCount} events up to ${endedAtMs} ms`;
  const text = `${sizeOf(outcome)}, and ${sizeOf(left)} if the clock stays as it is`;
  violations.add('no wait depends on the date', text);
};

/** The parts of an outcome that must not depend on the date. */
const traitsOf = ({ eventCount, endedAtMs, news, log, records }: WorldOutcome): unknown => [
  eventCount, endedAtMs, news.story.filter(({ text }) => !text.startsWith('fault: ')),
  log.map(({ msg }) => msg), records.map(({ startedAt, ...fields }: AuditRecord) => fields),
];
