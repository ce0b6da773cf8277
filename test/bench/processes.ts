import { readdirSync, readFileSync } from 'node:fs';
import { residentBytes } from '../support/sluice.js';

/** A process and all its descendants. */
const family = (pid: number): number[] => {
  const handles = [pid];
  for (const worker of handles) {
    for (const task of tasksOf(worker)) {
      const children = readFileSync(`/proc/${worker}/task/${task}/children`, 'utf8').trim();
      if (children !== '') handles.push(...children.split(' ').map(Number));
    }
  }
  return handles;
};

const tasksOf = (pid: number): string[] => readdirSync(`/proc/${pid}/task`);

/**
 * CPU seconds that a process and its children have used, in all threads. The scheduler's own account in ns (the first
 * field of `schedstat`): the ticks of `times` mislead for processes that sleep and wake often.
 */
export const cpuSeconds = (pid: number): number => {
  let ns = 0;
  for (const worker of family(pid)) {
    for (const task of tasksOf(worker)) {
      ns += Number(readFileSync(`/proc/${worker}/task/${task}/schedstat`, 'latin1').split(' ', 1)[0]);
    }
  }
  return ns / 1e9;
};

/** Memory that a process and its children have resident, in bytes. */
export const memoryBytes = (pid: number): number =>
  family(pid).reduce((sum, worker) => sum + residentBytes(worker), 0);

/** The number of TCP connections of this host that have ended and that the kernel still remembers (TIME_WAIT, 60 s). */
export const endedConnections = (): number =>
  Number(/^TCP: .* tw (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'latin1'))![1]);
