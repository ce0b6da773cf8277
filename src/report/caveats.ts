import { count } from './amounts.js';
import type { Survey } from './survey.js';

/** What is to be said of the files that were read; nothing where all is well. */
export function readingCaveats({ badLines, firstBad, unselected, events, droppedSamples }: Survey): string[] {
  const firstAt = `${firstBad?.file}:${firstBad?.line}`;
  const others = [...events].map(([event, times]) => `${event} ${count(times)}`).join(', ');
  return [
    badLines > 0 ? `Lines that are no audit records: ${count(badLines)}, the first is ${firstAt}` : '',
    unselected > 0 ? `Results that were not asked for and do not count: ${count(unselected)}` : '',
    others === '' ? '' : `Other events, which do not count here: ${others}`,
    droppedSamples > 0 ? `Samples left out because they came too fast: ${count(droppedSamples)}` : '',
  ].filter((line) => line !== '');
}
