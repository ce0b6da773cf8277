import type { ProxySettings } from '../support/inProcess.js';

// The plan of a world: a plain value that a seed makes (`generate/worlds.ts`), that shrinking edits (`shrink.ts`), and
// that a named seed keeps (`seeds.ts`). Times are in ms, sizes in bytes.

/** All that is decided about a world before it runs. Its seed decides the rest, such as the order of events. */
export interface WorldPlan {
  readonly seed: number;
  /** What the generator had in mind. */
  readonly theme: string;
  readonly settings: ProxySettings;
  readonly network: NetworkPlan;
  readonly servers: readonly ServerPlan[];
  readonly clients: readonly ClientPlan[];
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
  /** What is around Sluice, besides networks and people; absent if nothing of that matters. */
  readonly around?: Surroundings;
}

/** What is around Sluice. What is absent is not there, or always well. */
export interface Surroundings {
  /** Records go to a file, too, on a disk that can fail. */
  readonly disk?: true;
  /** Servers are called by names, which can fail, change and be slow. */
  readonly names?: true;
  /** The control group of Sluice has a memory limit, and may come near it. */
  readonly memory?: true;
  /** Sluice keeps live statistics, as for an admin endpoint. */
  readonly admin?: true;
  /** Sluice runs as a primary with so many workers, which can die and hang. */
  readonly workers?: number;
  /** Which legs are encrypted. */
  readonly tls?: {
    readonly listen: 'off' | 'optional' | 'auto' | 'required',
    readonly upstream: 'off' | 'preferred' | 'required',
  };
}

/** The links between clients and Sluice, and between Sluice and the servers. */
export interface NetworkPlan {
  readonly clientLatencyMs: number;
  readonly serverLatencyMs: number;
  /** The size of a kernel's buffers, for each direction of a connection and for each end. */
  readonly bufferBytes: number;
  /** Bytes arrive in pieces that are cut anywhere. */
  readonly splits: boolean;
}

export interface ServerPlan {
  readonly kind: 'mysql' | 'mariadb';
  readonly greetAfterMs: number;
  /** The authentication of a login. */
  readonly login: 'plain' | 'switch' | 'fast' | 'denied';
  readonly offersCompression: boolean;
  /** It offers zstd as well. */
  readonly offersZstd?: true;
  readonly offersTls?: true;
  /** Bytes that are written at once; both servers have a buffer of 16 KiB. */
  readonly burstBytes: number;
  readonly netWriteTimeoutMs: number;
  readonly control: ControlPlan;
}

/** How a server treats the account that kills. */
export interface ControlPlan {
  /** The time that a look at the process list takes. */
  readonly lookMs: number;
  /** The time from the arrival of a KILL to its effect, and to the answer. */
  readonly killMs: number;
  /** `silent`: the KILL takes effect and is never answered. */
  readonly kills: 'yes' | 'denied' | 'silent';
  /** The login of the account is denied. */
  readonly deniesLogin: boolean;
}

export interface ClientPlan {
  readonly name: string;
  readonly startsAtMs: number;
  readonly program: string | null;
  readonly deprecatesEof: boolean;
  readonly compresses: boolean;
  /** It compresses with zstd, and does not know zlib. */
  readonly prefersZstd?: true;
  /** It encrypts its connection if that is offered. */
  readonly encrypts?: true;
  readonly tracksSession: boolean;
  readonly script: readonly Step[];
  readonly ending: 'quit' | 'end' | 'reset';
}

/** A step of a client's script. Each waits for the one before. */
export type Step =
  | { readonly do: 'query', readonly statement: StatementPlan, readonly reading: Reading }
  | {
    readonly do: 'prepared', readonly statement: StatementPlan, readonly reading: Reading,
    /** How often it is executed. */
    readonly times: number,
    /** Rows of one fetch from a server-side cursor; null for no cursor. */
    readonly fetchRows: number | null,
    /** Fetches after which the cursor is reset; null to read on to its end. */
    readonly fetches: number | null,
  }
  /** Sends all statements at once. */
  | { readonly do: 'pipeline', readonly statements: readonly StatementPlan[], readonly reading: Reading }
  | { readonly do: 'ping' | 'statistics' | 'setOption' | 'fieldList' | 'initDb' | 'changeUser' | 'resetConnection' }
  | { readonly do: 'wait', readonly ms: number };

/** How a client takes a response. */
export interface Reading {
  /** After so many bytes it takes nothing for a while; null to read as fast as bytes come. */
  readonly pause: { readonly afterBytes: number, readonly ms: number, readonly times: number } | null;
  /** It leaves in the middle of the response. */
  readonly leaves: Leaving | null;
}

export interface Leaving {
  readonly afterPackets: number;
  /** `end` sends a FIN and reads on. */
  readonly how: 'quit' | 'end' | 'reset';
}

export const READS_ALL: Reading = { pause: null, leaves: null };

export type Verb =
  | 'select' | 'with' | 'show' | 'call' | 'returning' | 'update' | 'several' | 'load' | 'execute' | 'use' | 'begin'
  | 'commit';

/** A statement, and how the server answers it. Its tag stands in its text and in its rows. */
export interface StatementPlan {
  readonly tag: number;
  readonly verb: Verb;
  /** The content of a hint, such as `rows=10`; null for none. */
  readonly hint: string | null;
  readonly answers: readonly AnswerPlan[];
  /** The last answer ends with an error after this many rows; null for no error. */
  readonly failsAfterRows: number | null;
  /** The time before the first packet, and between two bursts. */
  readonly thinkMs: number;
  readonly gapMs: number;
}

export type AnswerPlan =
  | { readonly kind: 'ok' }
  | {
    readonly kind: 'rows', readonly columns: number, readonly rows: number, readonly rowBytes: number,
    /** One of several statements, a change, returns them. */
    readonly isReturned?: true,
  }
  | { readonly kind: 'file', readonly bytes: number };

/** Something that an administrator does. */
export type Act = { readonly when: Moment } & (
  | { readonly do: 'reload', readonly settings: ProxySettings }
  | { readonly do: 'kill' | 'end' | 'view', readonly client: string }
  | { readonly do: 'list' }
  /** The file of records is opened anew, as after a rotation of its name. */
  | { readonly do: 'reopen' }
  /** Sluice is told to stop: it accepts no more, ends idle sessions, and after a while all. */
  | { readonly do: 'stop', readonly forcedAfterMs: number });

/** Something that goes wrong on the connections of a client (to Sluice), or on those of its sessions to a server. */
export type Fault = { readonly when: Moment } & (
  | { readonly do: 'reset' | 'cut' | 'halfClose', readonly link: Link }
  | { readonly do: 'stall', readonly link: Link, readonly ms: number }
  /** The server's process dies: resets all connections, and refuses new ones for a while. */
  | { readonly do: 'crash', readonly server: number, readonly ms: number }
  /** The server shuts down: an error on each idle connection, then FIN. */
  | { readonly do: 'shutdown', readonly server: number, readonly ms: number }
  | AmbientFault);

/** Something that goes wrong around Sluice: `plan.around` has to have what it is about. */
export type AmbientFault =
  /** Records cannot be written for so long; null for the rest of the world. */
  | { readonly do: 'disk', readonly state: 'has no room' | 'is full' | 'hangs', readonly ms: number | null }
  /** Somebody sets the clock of the machine by so much. */
  | { readonly do: 'clock', readonly byMs: number }
  /** The name of a server is not known, leads to another server, or takes its time. */
  | {
    readonly do: 'name', readonly server: number, readonly becomes: 'unknown' | 'another' | 'slow', readonly ms: number,
  }
  /** The control group uses this part of its limit. */
  | { readonly do: 'memory', readonly part: number, readonly ms: number }
  | { readonly do: 'workerDies', readonly worker: number }
  | { readonly do: 'workerHangs', readonly worker: number, readonly ms: number };

export interface Link {
  readonly client: string;
  readonly leg: 'client' | 'server';
}

/**
 * A time: so many ms after the first event of this name, or after the beginning. An event is something like `cut 3`,
 * for the cut of the statement with tag 3; `generate/disturbances.ts` has their names.
 */
export interface Moment {
  readonly after: string | null;
  readonly ms: number;
}

/** All statements of a plan. */
export const statementsOf = (plan: WorldPlan): StatementPlan[] =>
  plan.clients.flatMap(({ script }) => script).flatMap((step) =>
    (step.do === 'pipeline' ? step.statements : step.do === 'query' || step.do === 'prepared' ? [step.statement] : []));
