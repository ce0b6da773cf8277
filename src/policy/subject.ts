import type { ClientIdentity } from '../protocol/handshakeResponse.js';

/** Whose responses are judged. */
export interface Subject {
  readonly user: string;
  readonly schema: string;
  /** The client's IP address; empty where it has none. */
  readonly address: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** The subject that a session's client is at this moment. */
export function subjectOf(identity: ClientIdentity | null, schema: string, address: string): Subject {
  return {
    user: identity?.user ?? '',
    schema,
    address,
    attributes: identity?.attributes ?? NO_ATTRIBUTES,
  };
}

/** The name that a client's program gave itself; empty where it gave none. */
export function programOf(subject: Pick<Subject, 'attributes'>): string {
  return subject.attributes.get('program_name') ?? '';
}

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();
