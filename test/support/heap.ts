import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What lives on the heap and in buffers, in bytes, after everything that nobody needs has been collected. */
export const liveBytes = async (): Promise<number> => {
  for (let i = 0; i < 3; i += 1) {
    collect();
    await new Promise(setImmediate); // what is freed in steps has its turn
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** The kernel's account of this process's memory, in bytes, after everything that nobody needs has been collected. */
export const residentBytesHere = async (): Promise<number> => {
  await liveBytes();
  return process.memoryUsage.rss();
};
