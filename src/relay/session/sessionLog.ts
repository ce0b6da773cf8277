import type { Logger } from 'pino';

/** The log of one session: each line names the session and its client. */
export class SessionLog {
  /**
   * @param log gets the lines; it is public for lines in another form
   * @param client the client's address and port, or "unix"
   */
  constructor(readonly log: Logger, private readonly session: number, private readonly client: string) {}

  info(details: object, message: string): void {
    this.log.info(this.named(details), message);
  }

  warn(details: object, message: string): void {
    this.log.warn(this.named(details), message);
  }

  error(details: object, message: string): void {
    this.log.error(this.named(details), message);
  }

  private named(details: object): object {
    return { session: this.session, client: this.client, ...details };
  }
}
