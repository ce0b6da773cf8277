import { ownFront } from '../text/ownCopy.js';
import { world } from '../world/world.js';

/** Remembers the last events of the program, and tells listeners of each new one. */
export class History implements EventSink {
  private readonly kept: PastEvent[] = [];
  private readonly listeners = new Set<(event: PastEvent) => void>();
  /** The servers that were lost and not found again, by address. */
  private readonly lost = new Set<string>();
  /**
   * The first number is the time of the start, in ms. So numbers keep growing over a restart: a client that resumes
   * after an event from before the restart gets all events since.
   */
  private readonly firstId = world.dateMs();
  private lastId = this.firstId - 1;

  note(kind: EventKind, facts: EventFacts): void {
    this.lastId += 1;
    const event = { id: this.lastId, time: new Date(world.dateMs()).toISOString(), kind, ...bounded(facts) };
    this.kept.push(event);
    if (this.kept.length > EVENTS_KEPT) this.kept.shift();
    if (kind === 'server-lost') this.lost.add(String(facts['upstream']));
    if (kind === 'server-found') this.lost.delete(String(facts['upstream']));
    for (const tell of this.listeners) tell(event);
  }

  /** Forgets the loss of servers at other addresses: they are not used any more. */
  retain(addresses: readonly string[]): void {
    for (const address of this.lost) if (!addresses.includes(address)) this.lost.delete(address);
  }

  /** Whether the server at an address is lost, however many events have followed its loss. */
  isLost(address: string): boolean {
    return this.lost.has(address);
  }

  /** Notes an audit record, if it tells of a cut, would-be cut, admission, refusal or stall. */
  recorded(record: Readonly<Record<string, unknown>>): void {
    const kind = record['event'] === 'stall' ? 'stall' : KINDS.get(String(record['action']));
    if (kind === undefined) return;
    const facts: Record<string, string | number> = {};
    for (const name of RECORD_FIELDS) {
      const value = record[name];
      if (typeof value === 'string' || typeof value === 'number') facts[name] = value;
    }
    this.note(kind, facts);
  }

  /** The events that are kept and have a number above this one, the oldest first. */
  after(id: number): readonly PastEvent[] {
    return this.kept.filter((event) => event.id > id);
  }

  /** The number of events after this one that are not kept any more; 0 for a number of another start. */
  missedAfter(id: number): number {
    const [oldest] = this.kept;
    return oldest === undefined || id < this.firstId ? 0 : Math.max(0, oldest.id - id - 1);
  }

  /** Calls `tell` for each event from here on. Returns a function that stops this. */
  listen(tell: (event: PastEvent) => void): () => void {
    this.listeners.add(tell);
    return () => void this.listeners.delete(tell);
  }
}

/** A receiver of events. */
export interface EventSink {
  note(kind: EventKind, facts: EventFacts): void;
}

export type EventKind =
  | 'cut' | 'would-cut' | 'admitted' | 'refused' | 'would-refuse' | 'stall'
  /** An order at the admin endpoint. */
  | 'kill' | 'end'
  | 'reload' | 'expiry' | 'server-lost' | 'server-found' | 'worker-replaced' | 'worker-hung'
  /** Clients that get an error in place of a session: once a minute for each reason. */
  | 'turned-away';

/** The fields of an event. Texts are cut to a bounded length. */
export type EventFacts = Readonly<Record<string, string | number>>;

export interface PastEvent extends EventFacts {
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: EventKind;
}

/** As many events as are kept; each takes about 1 KiB, and some 4 KiB at most. */
const EVENTS_KEPT = 1000;
const MAX_TEXT_LENGTH = 300;

const KINDS: ReadonlyMap<string, EventKind> = new Map<string, EventKind>([
  ['cut', 'cut'], ['truncate', 'cut'], ['close', 'cut'], ['would-cut', 'would-cut'], ['admit', 'admitted'],
  ['refuse', 'refused'], ['would-refuse', 'would-refuse'],
]);

/** The fields of a record that an event keeps. */
const RECORD_FIELDS = [
  'action', 'reason', 'rule', 'rows', 'bytes', 'stallMs', 'durationMs', 'outcome', 'signal', 'session', 'digest',
  'digestText', 'user', 'schema', 'program', 'client', 'connectionId', 'upstream', 'traceId',
];

function bounded(facts: EventFacts): EventFacts {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) =>
    [name, typeof value === 'string' ? ownFront(value, MAX_TEXT_LENGTH) : value]));
}
