import { hostname } from 'node:os';
import { formatPlace } from '../config/address.js';
import type { Limits } from '../config/config.js';
import { ORDERS, type Order } from '../statistics/execution.js';
import { parseGrouping, type Grouping } from '../statistics/grouping.js';
import type { GroupIndex, RankedGroup } from '../statistics/groupTable.js';
import { digestJson, groupJson } from '../statistics/json.js';
import { RELATIVE_ERROR, type LogHistogram } from '../statistics/logHistogram.js';
import { largestGroups, withProfiles } from '../statistics/merge.js';
import { mergeOverviews, type StatisticsOverview, type StatisticsSource } from '../telemetry/statisticsSource.js';
import { sessionList } from './sessionList.js';
import { fitting, MAX_ANSWER_BYTES } from './sessionPage.js';
import type { Administered } from '../telemetry/status.js';
import { finiteOrNull } from '../config/finiteOrNull.js';

// The data of the live page.

const DIGESTS_SHOWN = 25;
/** The most bytes of each of the four lists in an answer. */
const MAX_LIST_BYTES = 0.22 * MAX_ANSWER_BYTES;

/** The data of the live page as JSON. Sizes in bytes, times in ms; null means unlimited or not known. */
export async function liveView(
  { administered, version }: { readonly administered: Administered; readonly version: string }, query: string,
  nowMs: number,
): Promise<object> {
  const { statistics, isReady } = administered;
  const { mode, limits, workers, connections } = administered.config;
  const { openSessions, stalledSessions, budgetUsedBytes, budgetMaxBytes } = await administered.statusOfAll();
  const lastEvent = new URLSearchParams(query).get('events') ?? '';
  const news = administered.history.after(/^\d{1,15}$/.test(lastEvent) ? Number(lastEvent) : 0);
  const { sessions, counts, skip } = await sessionList(administered.sessions(0), query, MAX_LIST_BYTES);
  return {
    time: new Date(nowMs).toISOString(),
    isReady, mode, workers,
    about: aboutJson(administered, version),
    canKill: administered.config.kill !== null,
    limits: limitsJson(limits),
    openSessions, maxSessions: connections.max, stalledSessions,
    budget: { usedBytes: budgetUsedBytes, maxBytes: finiteOrNull(budgetMaxBytes) },
    memoryBytes: process.memoryUsage.rss(),
    container: containerJson(administered),
    // Only the newest ones, if there is no room for all.
    events: fitting([...news].reverse(), MAX_LIST_BYTES).reverse(),
    sessions, sessionCounts: counts, sessionsSkipped: skip,
    ...(statistics === null ? {} : await statisticsJson(statistics, query)),
  };
}

/** The memory of the container, and whether new clients are turned away for want of it. */
function containerJson(administered: Administered): object | null {
  const memory = administered.containerMemory;
  return memory === null ? null : { ...memory, isShort: administered.isMemoryShort };
}

/** The program, the addresses on which it listens, and its servers. */
function aboutJson({ config, listeners, history, startedAtMs, configuredAtMs }: Administered, version: string): object {
  return {
    version, host: hostname(),
    startedAt: new Date(startedAtMs).toISOString(), configuredAt: new Date(configuredAtMs).toISOString(),
    listeners: listeners.map(formatPlace),
    upstreams: config.upstream.map(({ at }) => formatPlace(at))
      .map((address) => ({ address, isLost: history.isLost(address) })),
  };
}

function orderIn(asked: string | null): Order {
  return ORDERS.find((order) => order === asked) ?? 'bytes';
}

/** The statistics of all processes together; nothing where none answers. */
async function statisticsJson(source: StatisticsSource, query: string): Promise<object> {
  const asked = new URLSearchParams(query);
  const order = orderIn(asked.get('order'));
  const grouping = parseGrouping(asked.get('groupBy') ?? '') ?? 'digest';
  const parts = await source.overviews({ order, grouping });
  if (parts.length === 0) return {};
  const { totals, rows, bytes, slots, cutReasons } = mergeOverviews(parts);
  const digests = await ranking(source, 'digest', parts.map((part) => part.digests), order);
  return {
    totals, cutReasons,
    sizes: { rows: bucketsJson(rows), bytes: bucketsJson(bytes) },
    cutsOverTime: slots,
    order,
    quantileError: RELATIVE_ERROR,
    digests: fitting(digests.groups.map(digestJson), MAX_LIST_BYTES),
    digestsForgotten: digests.hasForgotten,
    ...await groupsJson(source, parts, grouping, order),
  };
}

/** The largest groups of all processes, with their profiles. */
async function ranking(
  source: StatisticsSource, grouping: Grouping, indexes: readonly GroupIndex[], order: Order,
): Promise<{ groups: readonly RankedGroup[]; hasForgotten: boolean }> {
  const largest = largestGroups(indexes, order, DIGESTS_SHOWN);
  const profiles = await source.profiles(grouping, largest.groups.map(({ key }) => key));
  return { groups: withProfiles(largest, profiles, grouping !== 'digest'), hasForgotten: largest.hasForgotten };
}

/** The ranking by the property that is asked for, where there are statistics by it; that by digest is always there. */
async function groupsJson(
  source: StatisticsSource, parts: readonly StatisticsOverview[], grouping: Grouping, order: Order,
): Promise<object> {
  const { groupings } = parts[0]!;
  const kept = parts.flatMap(({ group }) => (group === null ? [] : [group]));
  if (kept.length === 0) return { groupBy: 'digest', groupings };
  const { groups, hasForgotten } = await ranking(source, grouping, kept.map(({ index }) => index), order);
  return {
    groupBy: grouping, groupings,
    groupedSince: new Date(Math.min(...kept.map(({ sinceMs }) => sinceMs))).toISOString(),
    groups: fitting(groups.map(groupJson), MAX_LIST_BYTES),
    groupsForgotten: hasForgotten,
  };
}

/** Buckets as [from, to, count]. */
function bucketsJson(histogram: LogHistogram): number[][] {
  return [...histogram.buckets()].map(({ from, to, count }) => [from, to, count]);
}

function limitsJson({ rows, bytes }: Limits): object {
  return { rows: finiteOrNull(rows), bytes: finiteOrNull(bytes) };
}
