/** What came of one seed. */
export interface Played {
  /** How much was said, in bytes. */
  readonly bytes: number;
  /** What is wrong; null where nothing is. */
  readonly problem: string | null;
}

/** One way in which the proxy is put to the test. Whatever it does, it does by the seed, so that it can be repeated. */
export interface Mode {
  /** How many seeds are played at the same time. */
  readonly concurrency: number;
  /** What a seed stands for, in lines that a person can read or a program can send again. */
  inputOf(seed: number): readonly string[];
  play(seed: number): Promise<Played>;
  /** Looks, while no seed is being played, at what all of them have left behind. Returns what is wrong, or null. */
  inspect(): Promise<string | null>;
  close(): Promise<void>;
}

