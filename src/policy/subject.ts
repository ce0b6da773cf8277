import type { ClientIdentity } from '../protocol/handshakeResponse.js';

/** The client whose responses are judged. */
export interface Subject {
  readonly user: string;
  readonly schema: string;
  /** The client's IP address; empty if it has none. */
  readonly address: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** The current subject of a session's client. */
export function subjectOf(identity: ClientIdentity | null, schema: string, address: string): Subject {
  return {
    user: identity?.user ?? '',
    schema,
    address,
    attributes: identity?.attributes ?? NO_ATTRIBUTES,
  };
}

/** The program's own name for itself; empty if it gave none. */
export function programOf(subject: Pick<Subject, 'attributes'>): string {
  return subject.attributes.get('program_name') ?? '';
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
