import type { Limits } from '../config/config.js';
import { ORDERS, type Order } from '../statistics/execution.js';
import { parseGrouping } from '../statistics/grouping.js';
import { digestJson, groupJson } from '../statistics/json.js';
import type { LogHistogram } from '../statistics/logHistogram.js';
import type { LiveStatistics } from '../telemetry/liveStatistics.js';
import { sessionList } from './sessionList.js';
import { fitting, MAX_ANSWER_BYTES } from './sessionPage.js';
import type { Administered } from '../telemetry/status.js';
import { finiteOrNull } from '../config/finiteOrNull.js';

// The data of the live page.

const DIGESTS_SHOWN = 25;
/** The most bytes of each of the four lists in an answer. */
const MAX_LIST_BYTES = 0.22 * MAX_ANSWER_BYTES;

/** The data of the live page as JSON. Sizes in bytes, times in ms; null means unlimited or not known. */
export async function liveView(administered: Administered, query: string, nowMs: number): Promise<object> {
  const { statistics, isReady } = administered;
  const { mode, limits, workers } = administered.config;
  const { openSessions, stalledSessions, budgetUsedBytes, budgetMaxBytes } = await administered.statusOfAll();
  const lastEvent = new URLSearchParams(query).get('events') ?? '';
  const news = administered.history.after(/^\d{1,15}$/.test(lastEvent) ? Number(lastEvent) : 0);
  const { sessions, counts, skip } = await sessionList(administered.sessions(0), query, MAX_LIST_BYTES);
  return {
    time: new Date(nowMs).toISOString(),
    isReady, mode, workers,
    limits: limitsJson(limits),
    openSessions, stalledSessions,
    budget: { usedBytes: budgetUsedBytes, maxBytes: finiteOrNull(budgetMaxBytes) },
    memoryBytes: process.memoryUsage.rss(),
    // Only the newest ones, if there is no room for all.
    events: fitting([...news].reverse(), MAX_LIST_BYTES).reverse(),
    sessions, sessionCounts: counts, sessionsSkipped: skip,
    ...(statistics === null ? {} : statisticsJson(statistics, query, nowMs)),
  };
}

function orderIn(asked: string | null): Order {
  return ORDERS.find((order) => order === asked) ?? 'bytes';
}

function statisticsJson(statistics: LiveStatistics, query: string, nowMs: number): object {
  const asked = new URLSearchParams(query);
  const order = orderIn(asked.get('order'));
  const { totals, table, bufferedRows, bufferedBytes, timeline } = statistics;
  return {
    totals: { ...totals },
    sizes: { rows: bucketsJson(bufferedRows), bytes: bucketsJson(bufferedBytes) },
    cutsOverTime: timeline.slots(nowMs),
    order,
    digests: fitting(table.ranking(order).slice(0, DIGESTS_SHOWN).map(digestJson), MAX_LIST_BYTES),
    digestsForgotten: table.hasForgotten,
    ...groupsJson(statistics, asked.get('groupBy'), order, nowMs),
  };
}

/** The ranking by the requested property; by digest if no statistics are kept by that property. */
function groupsJson(statistics: LiveStatistics, asked: string | null, order: Order, nowMs: number): object {
  const { groupings } = statistics;
  const grouping = parseGrouping(asked ?? '') ?? 'digest';
  const group = grouping === 'digest' ? null : statistics.groupedBy(grouping, nowMs);
  if (group === null) return { groupBy: 'digest', groupings };
  const { table, sinceMs } = group;
  return {
    groupBy: grouping, groupings,
    groupedSince: new Date(sinceMs).toISOString(),
    groups: fitting(table.ranking(order).slice(0, DIGESTS_SHOWN).map(groupJson), MAX_LIST_BYTES),
    groupsForgotten: table.hasForgotten,
  };
}

/** Buckets as [from, to, count]. */
function bucketsJson(histogram: LogHistogram): number[][] {
  return [...histogram.buckets()].map(({ from, to, count }) => [from, to, count]);
}

function limitsJson({ rows, bytes }: Limits): object {
  return { rows: finiteOrNull(rows), bytes: finiteOrNull(bytes) };
}
