import type { Logger } from 'pino';
import { statementBytes } from '../../policy/statement.js';
import type { PendingCommand } from '../../conversation/command.js';

/** Notices whether a client's last question is for the server's Unix socket. */
export class SocketQuestion {
  private commandsSeen = 0;
  private isLast = false;

  /** A response begins, or a query without a result has succeeded. */
  see(command: PendingCommand): void {
    this.isLast = false;
    if (this.commandsSeen === FIRST_COMMANDS) return;
    this.commandsSeen += 1;
    const bytes = statementBytes(command);
    this.isLast = bytes !== null && bytes.length <= MAX_QUESTION_BYTES && QUESTION.test(bytes.toString());
  }

  /** Whether the client has asked for the socket, and for nothing since. */
  get wasLast(): boolean {
    return this.isLast;
  }
}

/** Drivers ask for the socket within this many commands after their login. */
const FIRST_COMMANDS = 4;
const MAX_QUESTION_BYTES = 256;
const QUESTION = /@@(global\.)?socket\b/i;

/** A client that has left with that question. */
export interface Leaver {
  readonly session: number;
  readonly client: string;
  readonly user: string;
  readonly program: string | null;
}

const MAX_TOLD = 1000;
const MAX_NAME_LENGTH = 128;

const MESSAGE =
  'the client asked for @@socket and left: it may have connected to the server\'s Unix socket, past Sluice. ' +
  'Rust\'s mysql and mysql_async do so on the server\'s host; prefer_socket=false keeps them here';

/** Warns of clients that leave with that question, once for each user and program. */
export class BypassWarnings {
  private readonly told = new Set<string>();

  constructor(private readonly log: Logger) {}

  warn({ session, client, user, program }: Leaver): void {
    const names = [user, program].map((name) => name?.slice(0, MAX_NAME_LENGTH));
    const key = JSON.stringify(names);
    if (this.told.size === MAX_TOLD || this.told.has(key)) return;
    this.told.add(key);
    this.log.warn({ session, client, user: names[0], program: names[1] ?? null }, MESSAGE);
    if (this.told.size < MAX_TOLD) return;
    this.log.warn('clients that ask for @@socket and leave: further ones are not told');
  }
}
