import { readdirSync, readFileSync } from 'node:fs';
import { residentBytes } from '../support/sluice.js';

/** A process and all that it started, children of children included. */
const family = (pid: number): number[] => {
  const members = [pid];
  for (const member of members) {
    for (const task of tasksOf(member)) {
      const children = readFileSync(`/proc/${member}/task/${task}/children`, 'utf8').trim();
      if (children !== '') members.push(...children.split(' ').map(Number));
    }
  }
  return members;
};

const tasksOf = (pid: number): string[] => readdirSync(`/proc/${pid}/task`);

/**
 * CPU that a process and its children have used, all threads together, in seconds. It is the scheduler's own account in
 * ns (the first field of `schedstat`): ticks, as `times` has them, mislead for processes that sleep and wake often.
 */
export const cpuSeconds = (pid: number): number => {
  let ns = 0;
  for (const member of family(pid)) {
    for (const task of tasksOf(member)) {
      ns += Number(readFileSync(`/proc/${member}/task/${task}/schedstat`, 'latin1').split(' ', 1)[0]);
    }
  }
  return ns / 1e9;
};

/** Memory that a process and its children have resident, in bytes. */
export const memoryBytes = (pid: number): number =>
  family(pid).reduce((sum, member) => sum + residentBytes(member), 0);
