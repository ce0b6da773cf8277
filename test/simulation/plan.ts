import type { ProxySettings } from '../support/inProcess.js';

// The plan of a world: a plain value that a seed makes (`generate/worlds.ts`), that shrinking edits (`shrink.ts`), and
// that a named seed keeps (`seeds.ts`). Times are in ms, sizes in bytes.

/** All that is decided about a world before it runs. Its seed decides the rest, such as the order of events. */
export interface WorldPlan {
  readonly seed: number;
  /** The name of the theme for which the generator drew it. */
  readonly theme: string;
  readonly settings: ProxySettings;
  readonly network: NetworkPlan;
  readonly servers: readonly ServerPlan[];
  readonly clients: readonly ClientPlan[];
  readonly acts: readonly Act[];
  readonly faults: readonly Fault[];
  /** The surroundings of Sluice besides networks and people; absent if they do not matter. */
  readonly around?: Surroundings;
}

/** The surroundings of Sluice. A part that is absent does not exist, or never has a fault. */
export interface Surroundings {
  /** Records go to a file, too, on a disk that can fail. */
  readonly disk?: true;
  /** Sluice knows the servers by names. The look-up of a name can fail, change its answer and be slow. */
  readonly names?: true;
  /** The control group of Sluice has a memory limit, and may come near it. */
  readonly memory?: true;
  /** Sluice keeps live statistics, as for an admin endpoint. */
  readonly admin?: true;
  /** Sluice runs as a primary with this many workers, which can die and hang. */
  readonly workers?: number;
  /** Whether the connections of clients and to servers are encrypted. */
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
    /** The number of executions. */
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
  /** After this many bytes it takes nothing for a while; null to read as fast as bytes come. */
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

/** A statement, and the answers of the server. Its tag is in its text and in its rows. */
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
  /** The file of records is renamed and opened anew, as in a rotation. */
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

/** A fault in the surroundings of Sluice. `plan.around` must have that part. */
export type AmbientFault =
  /** Records cannot be written for this time; null for the rest of the world. */
  | { readonly do: 'disk', readonly state: 'has no room' | 'is full' | 'hangs', readonly ms: number | null }
  /** The clock of the machine is set forward by this much, or back. */
  | { readonly do: 'clock', readonly byMs: number }
  /** The name of a server is unknown, leads to another server, or is looked up slowly. */
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
 * A time: this many ms after the first event of this name, or after the beginning. `cut 3` is such an event: the cut of
 * the statement with tag 3. `generate/disturbances.ts` has the names of all events.
 */
export interface Moment {
  readonly after: string | null;
  readonly ms: number;
}

/** All statements of a plan. */
export const statementsOf = (plan: WorldPlan): StatementPlan[] =>
  plan.clients.flatMap(({ script }) => script).flatMap((step) =>
    (step.do === 'pipeline' ? step.statements : step.do === 'query' || step.do === 'prepared' ? [step.statement] : []));
