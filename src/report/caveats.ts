import { count } from './amounts.js';
import type { Survey } from './survey.js';

/** Notes about the files that were read; empty if there are none. */
export function readingCaveats({ badLines, firstBad, unselected, events, droppedSamples }: Survey): string[] {
  const firstAt = `${firstBad?.file}:${firstBad?.line}`;
  const others = [...events].map(([event, times]) => `${event} ${count(times)}`).join(', ');
  return [
    badLines > 0 ? `Lines that are not audit records: ${count(badLines)}, the first is ${firstAt}` : '',
    unselected > 0 ? `Results outside the selection, not counted: ${count(unselected)}` : '',
    others === '' ? '' : `Other events, not counted: ${others}`,
    droppedSamples > 0 ? `Samples left out because of audit.sample.perSecond: ${count(droppedSamples)}` : '',
  ].filter((line) => line !== '');
}
