/** A part of the program that belongs to one client. Its errors do not affect other clients. */
export abstract class Containment {
  /** Handles an unexpected error: it ends this client's session and nothing else. */
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

/** The log's words for a fault of Sluice itself. */
export const UNEXPECTED = 'an error that nobody expected: please report it';
