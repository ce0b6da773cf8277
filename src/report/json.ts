import { digestJson, profileJson } from '../statistics/json.js';
import { RELATIVE_ERROR } from '../statistics/logHistogram.js';
import type { Ledger } from './ledger.js';
import type { Survey } from './survey.js';

/**
 * The report as JSON.
 * @param limit the number of digests
 */
export function reportJson(survey: Survey, { overall, table }: Ledger, limit: number): object {
  const { lines, badLines, firstBad, unselected, samples, droppedSamples, admitted, events } = survey;
  const otherEvents = Object.fromEntries(events);
  return {
    order: table.order,
    read: {
      lines, badLines, firstBad, unselected, samples, droppedSamples, admitted: Object.fromEntries(admitted),
      otherEvents,
    },
    quantileError: RELATIVE_ERROR,
    digestsKept: table.size,
    digestsForgotten: table.hasForgotten,
    mostMissed: table.mostMissed,
    overall: profileJson(overall),
    digests: table.ranking().slice(0, limit).map(digestJson),
  };
}
