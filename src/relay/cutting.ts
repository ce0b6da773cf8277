import type { Outcome } from '../audit/record.js';
import type { DrainBounds } from '../config.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import { cutMessage, type Judgement } from '../policy/judgement.js';
import { encodePacket } from '../protocol/framing.js';
import { encodeErr, withStatus, type ServerError } from '../protocol/packets.js';
import { Status } from '../protocol/status.js';
import type { Conversation } from '../session/conversation.js';
import type { Containment } from './containment.js';
import { Drain } from './drain.js';
import type { KillOutcome } from './killer.js';

/** What a response that is being cut needs of its session. */
export interface CutSession extends Containment {
  /** Both connections are closed, or about to be. */
  readonly isOver: boolean;
  /** Writes bytes to the client that the server did not send. */
  sendToClient(bytes: Buffer): void;
  /** Goes on with the client's commands. */
  resumeRequests(): void;
  /** Makes the server stop what it does for the client. The signal withdraws that, as long as it is possible. */
  kill(signal: AbortSignal): Promise<KillOutcome>;
  /** Ends both connections; `lastPacket` still goes to the client. */
  abort(reason: string, lastPacket?: Buffer): void;
}

/** A cut response's bounds, and when the server is to be stopped. */
export interface CutBounds {
  readonly drain: DrainBounds;
  /** Null where the server is not stopped. */
  readonly stopServerWhen: DrainBounds | null;
}

/** The rest of one response, from the row at which it was cut until the client's next command may go. */
export class Cutting {
  private readonly drain: Drain;
  /** How the attempt to stop the server went; null where there was none. */
  private kill: Promise<KillOutcome> | null = null;
  /** Withdraws that attempt, once there is nothing to stop any more. */
  private readonly withdrawal = new AbortController();
  /** The error with which the server ended the response. */
  private error: ServerError | null = null;

  /**
   * Begins to discard.
   * @param judgement null where the server ends with an error what was held back
   * @param sequenceId of the row in whose place something else is sent
   * @param isFetch the row was fetched from a server-side cursor
   * @param ended is called with how it went, once commands may go again
   */
  constructor(
    readonly usage: GovernedUsage,
    private readonly judgement: Judgement | null,
    private readonly sequenceId: number,
    private readonly isFetch: boolean,
    private readonly conversation: Conversation,
    private readonly session: CutSession,
    { drain, stopServerWhen }: CutBounds,
    private readonly ended: (outcome: Outcome, error: ServerError | null, drainedBytes: number) => void,
  ) {
    conversation.server.discard();
    conversation.client.isGated = true;
    this.drain = new Drain(drain, stopServerWhen, {
      passedBounds: (reason) => session.contain(() => this.giveUp(reason)),
      killDue: () => session.contain(() => (this.kill = session.kill(this.withdrawal.signal))),
    });
    if (judgement?.action === 'cut') session.sendToClient(this.errorPacket(judgement));
  }

  /** More bytes have been discarded. */
  discarded(byteCount: number): void {
    this.drain.add(byteCount);
  }

  /** The server has ended the response; `error` where it did not end well. */
  finish(error: ServerError | null): void {
    this.error = error;
  }

  /** All has been discarded. The client's next command goes once nothing can be killed any more. */
  drained(): void {
    this.stop();
    if (this.kill === null) this.end(null);
    else void this.kill.then((outcome) => this.session.contain(() => this.end(outcome)));
  }

  /** The connections are about to close. Returns how many bytes were discarded. */
  stop(): number {
    this.drain.stop();
    this.withdrawal.abort();
    return this.drain.bytes;
  }

  private giveUp(reason: string): void {
    // A truncated result has not been ended yet, so its client still needs to hear what became of it.
    const isUnanswered = this.judgement?.action === 'truncate';
    this.session.abort(reason, isUnanswered ? this.errorPacket(this.judgement) : undefined);
  }

  private end(killed: KillOutcome | null): void {
    const { session, conversation, error, judgement } = this;
    if (session.isOver) return;
    if (killed === 'unknown') {
      // The order to kill may still be on its way and would hit whatever runs next.
      session.abort('whether the query was killed is not known');
      return;
    }
    if (error !== null && judgement?.action !== 'cut') session.sendToClient(encodeErr(this.sequenceId, error));
    else if (judgement?.action === 'truncate') session.sendToClient(this.truncation(judgement));
    this.ended(killed === 'killed' && error !== null ? 'killed' : 'drained', error, this.drain.bytes);
    conversation.client.isGated = false;
    session.resumeRequests();
  }

  /** The end of a truncated result: the server's own end of its rows. */
  private truncation(judgement: Judgement): Buffer {
    const { server, statusFlags } = this.conversation;
    if (server.rowsEnd === null) return this.errorPacket(judgement);
    const ended = statusFlags & ~(Status.MORE_RESULTS_EXISTS | Status.PS_OUT_PARAMS | Status.CURSOR_EXISTS);
    // A cursor that had still more to fetch would be asked for it.
    const status = this.isFetch ? ended | Status.LAST_ROW_SENT : ended;
    return encodePacket(this.sequenceId, withStatus(server.rowsEnd, status));
  }

  private errorPacket(judgement: Judgement): Buffer {
    const { code, sqlState } = this.usage.terms.treatment.onExceed.error;
    return encodeErr(this.sequenceId, { code, sqlState, message: cutMessage(this.usage, judgement) });
  }
}
