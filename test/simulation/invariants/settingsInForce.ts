import type { WorldRun } from '../runWorld.js';
import type { MaybeInForce } from './judged.js';

/**
 * The settings of a world, with the times at which each may have been in force: up to the next reload, and while that
 * was on its way to a worker. Of the rules with an end, each part has those that had not ended on Sluice's clock.
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

/** The longest time that a message takes to a worker. */
const CHANNEL_MS = 1;

const longestHangMs = (faults: WorldRun['plan']['faults']): number =>
  faults.reduce((sum, fault) => sum + (fault.do === 'workerHangs' ? fault.ms : 0), 0);

interface DatedPart {
  readonly fromMs: number;
  readonly toMs: number;
  /** A date within the part. No rule ends within a part. */
  readonly dateMs: number;
}

/** Splits a span of time at each setting of the clock, and at each time at which the clock showed one of these ends. */
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
