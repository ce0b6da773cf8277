import type { SessionControls } from '../../src/relay/session/sessionControls.js';

/** Parts of a session with only the members that a test needs. */
export type SomeParts<T> = { [Key in keyof T]?: T[Key] extends (...given: never[]) => unknown ? T[Key] : SomeParts<T[Key]> };

/**
 * A session with only the parts that a test gives it. An error in contained work fails the test. Any other method that
 * is called must be given as well.
 */
export const fakeSession = (parts: SomeParts<SessionControls>): SessionControls => {
  const session = {
    contain: (work: () => void): void => work(),
    threw: (error: unknown): void => {
      throw error;
    },
  };
  return Object.defineProperties(session, Object.getOwnPropertyDescriptors(parts)) as unknown as SessionControls;
};
