import { randomBytes } from 'node:crypto';

/** Random numbers. */
export interface Chance {
  /** A number from 0 to 1, 1 excluded. Not for secrets. */
  random(): number;
  /** This many bytes that nobody can guess. */
  randomBytes(byteCount: number): Buffer;
}

/** The random numbers of the machine. */
export const machineChance: Chance = {
  random: () => Math.random(),
  randomBytes: (byteCount) => randomBytes(byteCount),
};
