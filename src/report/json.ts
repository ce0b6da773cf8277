import { digestJson, groupJson, profileJson } from '../statistics/json.js';
import { RELATIVE_ERROR } from '../statistics/logHistogram.js';
import type { Ledger } from './ledger.js';
import type { Survey } from './survey.js';

/**
 * The report as JSON.
 * @param limit the number of digests, or of other groups
 */
export function reportJson(survey: Survey, { overall, table }: Ledger, limit: number): object {
  const { lines, badLines, firstBad, firstOfSlowLog, unselected } = survey;
  const { samples, droppedSamples, admitted, events } = survey;
  const isByDigest = table.grouping === 'digest';
  const shown = table.ranking().slice(0, limit);
  const otherEvents = Object.fromEntries(events);
  return {
    order: table.order,
    read: {
      lines, badLines, firstBad, firstOfSlowLog, unselected, samples, droppedSamples,
      admitted: Object.fromEntries(admitted), otherEvents,
    },
    quantileError: RELATIVE_ERROR,
    groupBy: table.grouping,
    ...(isByDigest
      ? { digestsKept: table.size, digestsForgotten: table.hasForgotten }
      : { groupsKept: table.size, groupsForgotten: table.hasForgotten }),
    mostMissed: table.mostMissed,
    overall: profileJson(overall),
    ...(isByDigest ? { digests: shown.map(digestJson) } : { groups: shown.map(groupJson) }),
  };
}
