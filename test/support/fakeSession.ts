import type { SessionControls } from '../../src/relay/session/sessionControls.js';

/** Parts of a session with only the members that a test needs. */
export type SomeParts<T> = { [Key in keyof T]?: T[Key] extends (...given: never[]) => unknown ? T[Key] : SomeParts<T[Key]> };

/**
 * A session that has only the parts that a test gives it. An error that its work throws fails the test; what it is
 * said to do beyond that has to be given, too.
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
