import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The live bytes on the heap and in buffers after garbage collection. */
export const liveBytes = async (): Promise<number> => {
  for (let i = 0; i < 3; i += 1) {
    collect();
    await new Promise(setImmediate); // V8 frees some memory in steps
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** The kernel's account of this process's memory in bytes, after garbage collection. */
export const residentBytesHere = async (): Promise<number> => {
  await liveBytes();
  return process.memoryUsage.rss();
};
