import type { Histogram } from '../../../src/telemetry/instruments.js';
import type { WorldRun } from '../runWorld.js';

/** If every result is a sample, each ended result has a record, with the bytes that were counted. */
export const checkSamples = ({ settings, proxy, program, world, records, metrics, violations }: WorldRun): void => {
  // The records that a process has not written are lost when it dies.
  if (world.workers.some(({ wasKilled }) => wasKilled)) return;
  const isEachRecorded = settings.every(({ config }) => config.audit.sample.oneIn === 1);
  if (!isEachRecorded || program.statusOf(proxy!).droppedSamples > 0) return;
  const results = records.filter(({ event, resultSets }) => event === 'result' && Number(resultSets) > 0);
  const { buffered, streaming } = metrics.resultBytes;
  const expect = (what: string, counted: number, recorded: number): void => {
    if (counted !== recorded) violations.add('metrics agree', `${what}: ${counted} counted, ${recorded} recorded`);
  };
  expect('results', countOf(buffered) + countOf(streaming), results.length);
  expect('bytes', buffered.sum + streaming.sum, results.reduce((sum, { bytes }) => sum + Number(bytes), 0));
};

const countOf = ({ counts }: Histogram): number => counts.reduce((sum, count) => sum + count, 0);
