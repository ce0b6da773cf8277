import type { ServerError } from '../../src/protocol/packets.js';
import type { Reply } from './statements.js';
import type { StatementPlan } from './plan.js';

// The known facts about each command: what its client has sent and got, and what the server has got and sent. The
// models of the client and of the server write into the same ledger. Sluice does not see it.

/** The end of an exchange, as the client sees it. */
export type ExchangeEnd =
  /** It has all that the server has sent. */
  | 'whole'
  /** An error of Sluice's own ended it. */
  | 'error'
  /** It ended early, without an error. */
  | 'truncated'
  /** The server's own error stands in place of rows that were not sent. */
  | 'replaced'
  /** The connection ended before. */
  | 'lost';

/** One command of a client, and its response. */
export class Exchange {
  // The client's part.
  /** Packets of the server that the client has got. */
  received = 0;
  receivedRows = 0;
  receivedRowBytes = 0;
  end: ExchangeEnd | null = null;
  /** Sluice's own error. */
  error: ServerError | null = null;
  /** The sequence id of the next packet, in either direction. */
  nextSequenceId = 1;
  firstAtMs = 0;
  /** The time at which it got the first packet of a result set; 0 before. */
  headAtMs = 0;
  overAtMs = 0;
  /** The client has left in the middle of it, as its script says. */
  wasLeft = false;
  /** The client has paused while it read. */
  hasPaused = false;

  /** The time at which the client sent it. */
  askedAtMs = 0;

  // The server's part.
  arrivedAtMs: number | null = null;
  readonly sent: Reply[] = [];
  sentRows = 0;
  sentRowBytes = 0;
  startedAtMs = 0;
  /** The time at which the server had run the statement to its end; null before. */
  doneAtMs: number | null = null;
  /** The time at which its last packet was written; null before. */
  answeredAtMs: number | null = null;
  /** A KILL has taken effect on it. */
  killedAtMs: number | null = null;
  /** The server has closed the connection because the client did not take its bytes. */
  gaveUp = false;

  constructor(
    readonly connection: ConnectionLedger,
    /** The payload of the command. */
    readonly payload: Buffer,
    readonly what: Asked,
  ) {}

  get isDone(): boolean {
    return this.doneAtMs !== null;
  }

  get isAnswered(): boolean {
    return this.answeredAtMs !== null;
  }

  get tag(): number | null {
    return this.what.statement?.tag ?? null;
  }

  /** Its name in the story. */
  get name(): string {
    const { name, statement } = this.what;
    return statement === null ? name : `${name} ${statement.tag}`;
  }
}

/** What a command asks for. */
export interface Asked {
  readonly name: 'query' | 'prepare' | 'execute' | 'fetch' | 'reset' | 'close' | 'ping' | 'statistics' | 'setOption' |
    'fieldList' | 'initDb' | 'changeUser' | 'resetConnection' | 'quit';
  readonly statement: StatementPlan | null;
  /** Its execution, counted from 0 for each statement; fetches belong to one. */
  readonly execution: number;
  /** It gets no answer. */
  readonly isSilent: boolean;
  /** Rows of its response count towards a usage. */
  readonly counts: boolean;
  /** It was sent together with others. */
  readonly isPipelined: boolean;
}

/** One connection of a client, and its connection to the server. */
export class ConnectionLedger {
  /** In the order in which they were sent. */
  readonly exchanges: Exchange[] = [];
  /** The number of exchanges that the server has got, or that were passed over before one that it has got. */
  arrived = 0;
  isLoggedIn = false;
  hasQuit = false;
  /** How the client ended it; null if it did not. */
  clientEnd: 'quit' | 'end' | 'reset' | null = null;
  /** The time at which the client ended or lost it; null before. */
  clientEndedAtMs: number | null = null;
  /** How the server ended it by itself; null if it did not. */
  serverEnd: string | null = null;
  /** A fault was put on the client's connection, or on the server's. */
  readonly wasDisturbed = { client: false, server: false };
  /** The process of its session has died, with all records and counts that it had not passed on. */
  hasLostProcess = false;
  /** The client's port: with the address it identifies the session of Sluice. */
  clientPort = 0;
  /** The server's number for it. */
  connectionId: number | null = null;
  serverIndex: number | null = null;
  isClosed = false;
  /** The times at which its client began to connect, and saw it closed; Infinity before. */
  openedAtMs = 0;
  closedAtMs = Infinity;
  loggedInAtMs = Infinity;
  /** An error of Sluice's own came in place of the greeting, or of the end of the login. */
  refusal: string | null = null;
  refusedAtMs = 0;
  /** The greeting that its client got has offered TLS. */
  wasOfferedTls = false;
  /** Whether the connections of the client and to the server are encrypted. */
  readonly isEncrypted = { client: false, server: false };

  constructor(readonly client: string, readonly user: string, readonly traits: Set<string>) {}
}

/** All connections of a world. */
export class Ledger {
  readonly connections: ConnectionLedger[] = [];
  private readonly byUser = new Map<string, ConnectionLedger>();

  open(client: string, user: string, traits: Set<string>): ConnectionLedger {
    const connection = new ConnectionLedger(client, user, traits);
    this.connections.push(connection);
    this.byUser.set(user, connection);
    return connection;
  }

  /** The connection of a user name: each connection has its own. */
  ofUser(user: string): ConnectionLedger | null {
    return this.byUser.get(user) ?? null;
  }

  /** All exchanges about a statement. */
  about(tag: number): Exchange[] {
    return this.connections.flatMap(({ exchanges }) => exchanges.filter((exchange) => exchange.tag === tag));
  }
}
