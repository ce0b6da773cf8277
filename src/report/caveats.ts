import { count } from './amounts.js';
import type { Survey } from './survey.js';

/** Notes about the files that were read; empty if there are none. */
export function readingCaveats(survey: Survey): string[] {
  const { badLines, firstBad, firstOfSlowLog, unselected, events, droppedSamples } = survey;
  const firstAt = `${firstBad?.file}:${firstBad?.line}`;
  const others = [...events].map(([event, times]) => `${event} ${count(times)}`).join(', ');
  return [
    badLines > 0 ? `Lines that are not audit records: ${count(badLines)}, the first is ${firstAt}` : '',
    firstOfSlowLog === null ? '' : `${firstOfSlowLog.file} is a slow query log (line ${firstOfSlowLog.line}): ` +
      'pt-query-digest reads it. The records that are read here are those of audit.format "json"',
    unselected > 0 ? `Results outside the selection, not counted: ${count(unselected)}` : '',
    others === '' ? '' : `Other events, not counted: ${others}`,
    droppedSamples > 0 ? `Samples left out because of audit.sample.perSecond: ${count(droppedSamples)}` : '',
  ].filter((line) => line !== '');
}
