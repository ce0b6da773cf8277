/** The outcome of one seed. */
export interface Played {
  /** The bytes that were sent. */
  readonly bytes: number;
  /** The fault that was found; null when there is none. */
  readonly problem: string | null;
}

/** One mode of the fuzzer. It takes every choice from the seed, so that a run can be repeated. */
export interface Mode {
  /** The number of seeds that are played at the same time. */
  readonly concurrency: number;
  /** The input of a seed, in lines that a person can read or a program can send again. */
  inputOf(seed: number): readonly string[];
  play(seed: number): Promise<Played>;
  /** Checks, while no seed is played, what all seeds have left behind. Returns what is wrong, or null. */
  inspect(): Promise<string | null>;
  close(): Promise<void>;
}

