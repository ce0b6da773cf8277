import type { SessionView } from '../telemetry/status.js';

/**
 * Chooses sessions by what a request asks for: `user`, `schema`, `program`, `client` and `digest` as a part of the
 * name, `text` as a part of any of these, `state` and `session` as a whole.
 */
export class SessionFilter {
  private readonly parts: readonly (readonly [Key, string])[];
  private readonly text: string;
  private readonly state: string;
  private readonly session: string;

  /** @param asked the query of the request; other keys are for others */
  constructor(asked: URLSearchParams) {
    this.parts = KEYS.map((key) => [key, wanted(asked, key)] as const).filter(([, part]) => part !== '');
    this.text = wanted(asked, 'text');
    this.state = wanted(asked, 'state');
    this.session = wanted(asked, 'session');
  }

  matches(view: SessionView): boolean {
    if (this.state !== '' && view.state !== this.state) return false;
    if (this.session !== '' && String(view.session) !== this.session) return false;
    const fields = fieldsOf(view);
    return this.parts.every(([key, part]) => fields[key].includes(part)) &&
      (this.text === '' || KEYS.some((key) => fields[key].includes(this.text)));
  }
}

/**
 * The order of sessions by urgency: stalled ones, running statements with the oldest first, open transactions, the
 * rest, and idle ones.
 */
export function byUrgency(one: SessionView, other: SessionView): number {
  return rankOf(one) - rankOf(other) || agedMs(other) - agedMs(one) || one.session - other.session;
}

function rankOf({ state, command }: SessionView): number {
  if (state === 'stalled') return 0;
  if (command !== null) return 1;
  if (state === 'in-transaction') return 2;
  return state === 'idle' ? 4 : 3;
}

/**
 * The time for which it has been in its state, in ms; 0 for a session whose number shows just as well which one is
 * older. The ages of many sessions are read at slightly different moments. An order by age would differ from one part
 * of a list to the next, so that a session could be missing from all parts.
 */
function agedMs({ state, stalledMs, command, inTransactionMs }: SessionView): number {
  if (state === 'stalled') return stalledMs ?? 0;
  return command?.runningMs ?? inTransactionMs ?? 0;
}

type Key = 'user' | 'schema' | 'program' | 'client' | 'digest';

const KEYS: readonly Key[] = ['user', 'schema', 'program', 'client', 'digest'];

function wanted(asked: URLSearchParams, key: string): string {
  return (asked.get(key) ?? '').trim().toLowerCase();
}

function fieldsOf({ user, schema, program, client, command }: SessionView): Readonly<Record<Key, string>> {
  const digest = command === null ? '' : `${command.digest ?? ''} ${command.digestText ?? ''}`;
  return {
    user: user.toLowerCase(), schema: schema.toLowerCase(), program: (program ?? '').toLowerCase(),
    client: client.toLowerCase(), digest: digest.toLowerCase(),
  };
}
