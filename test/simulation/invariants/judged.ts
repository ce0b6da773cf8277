import type { Config } from '../../../src/config/config.js';
import type { WorldPlan } from '../plan.js';
import { tagIn } from '../statements.js';
import type { Violations } from '../violations.js';
import { allowedBy, type Allowed } from './oracle.js';
import type { UsageLedger } from './usages.js';

export type AuditRecord = Readonly<Record<string, unknown>>;

/** A usage with all known facts about it. */
export interface Judged {
  readonly usage: UsageLedger;
  /**
   * What each of the settings allowed that may have applied: a reload may have come while the response was on its way.
   */
  readonly candidates: readonly Allowed[];
  /** The records about it, and about other executions of the same statement on the same connection. */
  readonly records: readonly AuditRecord[];
  /** The number of usages that share these records. */
  readonly sharers: number;
  /** The most bytes that kernels hold of it. */
  readonly kernelBytes: number;
  /** There was a budget at some time. A new budget applies at once, also to responses under way. */
  readonly isBudgeted: boolean;
  readonly hasRecord: (condition: (record: AuditRecord) => boolean) => boolean;
  readonly wrong: (invariant: string, text: string) => void;
}

/** Settings, and the time at which they came into force. */
export interface InForce {
  readonly fromMs: number;
  readonly config: Config;
}

/** Settings, and the time in which they may have been in force. */
export interface MaybeInForce extends InForce {
  readonly toMs: number;
}

/** Gathers the known facts about each usage. */
export const judgedUsages = (
  usages: readonly UsageLedger[], records: readonly AuditRecord[], settings: readonly MaybeInForce[], plan: WorldPlan,
  violations: Violations,
): Judged[] => {
  const recordsOf = groupsOf(records.filter(({ event }) => event === 'result'), ({ client, sql }) =>
    keyOf(portIn(String(client)), tagIn(String(sql))));
  const sharersOf = groupsOf(usages, ({ connection: { clientPort }, statement: { tag } }) => keyOf(clientPort, tag));
  const isBudgeted = settings.some(({ config }) => config.budget.bytes !== Infinity);
  return usages.map((usage) => {
    const key = keyOf(usage.connection.clientPort, usage.statement.tag);
    const own = recordsOf.get(key) ?? [];
    return {
      usage, records: own, sharers: sharersOf.get(key)!.length, isBudgeted,
      kernelBytes: 2 * plan.network.bufferBytes + ROW_BYTES,
      candidates: settingsOf(usage, settings).map((config) => allowedBy(config, usage, plan)),
      hasRecord: (condition) => own.some(condition),
      wrong: (invariant, text) => violations.add(invariant, `${usage.name}: ${text}`),
    };
  });
};

/** A row of which a part has arrived is not counted as received. */
const ROW_BYTES = 8192;

/** A connection's port and a statement's tag: clients never share a port. */
const keyOf = (port: number, tag: number | null): string => `${port} ${tag}`;

const portIn = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

const groupsOf = <T>(list: readonly T[], keyOfOne: (one: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const key = keyOfOne(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
};

/** The settings that may have been in force when Sluice saw the first result set begin. */
const settingsOf = ({ first }: UsageLedger, settings: readonly MaybeInForce[]): Config[] => {
  const fromMs = first.startedAtMs;
  const toMs = first.headAtMs === 0 ? Infinity : first.headAtMs;
  return settings.filter((one) => one.fromMs <= toMs && one.toMs >= fromMs).map(({ config }) => config);
};
