import type { WorldRun } from '../runWorld.js';
import type { MaybeInForce } from './judged.js';

/**
 * The settings of a world, and when each may have been in force: up to the next reload, or as long as that was on its
 * way to a worker; of rules with an end only those that had not ended on Sluice's clock.
 */
export const settingsInForce = ({ settings, dates, plan }: WorldRun): MaybeInForce[] => {
  const lateMs = plan.around?.workers === undefined ? 0 : CHANNEL_MS + longestHangMs(plan.faults);
  return settings.flatMap(({ fromMs, config }, index) => {
    const toMs = (settings[index + 1]?.fromMs ?? Infinity) + lateMs;
    const ends = config.rules.map(({ untilMs }) => untilMs).filter((untilMs) => untilMs !== Infinity);
    if (ends.length === 0) return [{ fromMs, toMs, config }];
    return datedParts(dates, ends, fromMs, toMs).map((part) => {
      const rules = config.rules.filter(({ untilMs }) => part.dateMs < untilMs);
      return { fromMs: part.fromMs, toMs: part.toMs, config: { ...config, rules } };
    });
  });
};

/** A message is on its way to a worker no longer than this. */
const CHANNEL_MS = 1;

const longestHangMs = (faults: WorldRun['plan']['faults']): number =>
  faults.reduce((sum, fault) => sum + (fault.do === 'workerHangs' ? fault.ms : 0), 0);

interface DatedPart {
  readonly fromMs: number;
  readonly toMs: number;
  /** A date within it; none of the ends lies in it. */
  readonly dateMs: number;
}

/** Cuts a time where the clock was set, and where it showed one of these ends. */
const datedParts = (dates: WorldRun['dates'], ends: readonly number[], fromMs: number, toMs: number): DatedPart[] => {
  const parts: DatedPart[] = [];
  for (const [index, date] of dates.entries()) {
    const nextMs = dates[index + 1]?.fromMs ?? Infinity;
    const cuts = ends.map((end) => end - date.dateAtStartMs).filter((atMs) => atMs > date.fromMs && atMs < nextMs);
    const starts = [date.fromMs, ...cuts.sort((one, other) => one - other)];
    for (const [at, start] of starts.entries()) {
      const part = { fromMs: Math.max(fromMs, start), toMs: Math.min(toMs, starts[at + 1] ?? nextMs) };
      if (part.fromMs <= part.toMs) parts.push({ ...part, dateMs: Math.floor(date.dateAtStartMs + start) });
    }
  }
  return parts;
};
