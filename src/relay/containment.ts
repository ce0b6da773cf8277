/** What belongs to one client, and keeps its faults from the other clients. */
export abstract class Containment {
  /** Takes an error that nobody expected: ends this client's session and nothing else. */
  abstract threw(error: unknown): void;

  /** Runs `work`; an error that it throws goes to `threw`. */
  contain(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.threw(error);
    }
  }
}

/** How the log speaks of what is a fault of Sluice itself. */
export const UNEXPECTED = 'an error that nobody expected: please report it';
