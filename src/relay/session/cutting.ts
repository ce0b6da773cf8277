import type { Outcome } from '../../audit/record.js';
import type { DrainBounds, DrainSettings } from '../../config/config.js';
import type { PendingCommand } from '../../conversation/command.js';
import type { GivenUp, GovernedUsage } from '../../policy/governedUsage.js';
import type { CutPlace } from '../../policy/cutAdvice.js';
import { cutError, cutMessage } from '../../policy/judgement.js';
import type { Judgement } from '../../policy/terms.js';
import { ServerErrors } from '../../protocol/errorCodes.js';
import { encodePacket } from '../../protocol/framing.js';
import { encodeErr, type ServerError } from '../../protocol/packets.js';
import { Drain } from './drain.js';
import type { KillOutcome } from '../../control/killer.js';
import { notRunPacket, type LastPackets, type Waiting } from '../flow/lastPackets.js';
import type { SessionControls } from './sessionControls.js';
import { killStatement } from './statementKill.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** The rest of one cut response, from the row of the cut until the server may get the client's next command. */
export class Cutting {
  private readonly drain: Drain;
  /** The outcome of the attempt to stop the server; null if there was no attempt. */
  private kill: Promise<KillOutcome> | null = null;
  /** Withdraws that attempt when nothing is left to stop. */
  private withdrawal: AbortController | null = null;
  /** The error with which the server ended the response. */
  private error: ServerError | null = null;
  /** The server has ended the response. */
  private hasEnded = false;
  /** Runs while a command of the client waits. */
  private waitingTimer: Timer | null = null;
  private readonly place: CutPlace;
  /** Whether there was a client when the response was cut. Without one, nobody gets the error. */
  private readonly hasClient: boolean;
  /** The command whose response is being cut. */
  private readonly command: PendingCommand<GovernedUsage> | null;

  /**
   * Begins to discard.
   * @param judgement null if the server has ended a held back response with an error
   * @param sequenceId the sequence id of the row that another packet replaces
   * @param isFetch the row was fetched from a server-side cursor
   */
  constructor(
    readonly usage: GovernedUsage,
    private readonly judgement: Judgement | null,
    private readonly sequenceId: number,
    private readonly isFetch: boolean,
    private readonly session: SessionControls,
    private readonly bounds: CutBounds,
    private readonly observer: CutObserver,
  ) {
    const { conversation } = session;
    this.hasClient = !session.hasParted;
    this.place = {
      rows: usage.rows, bytes: usage.bytes, signals: session.shared.config.streaming.signals,
      attributes: conversation.identity?.attributes ?? new Map(), encoding: conversation.textEncoding,
    };
    conversation.server.discard();
    conversation.client.gate();
    this.drain = new Drain(bounds.drain, bounds.stopServerWhen, {
      passedBounds: (bound) => session.contain(() => this.giveUp(bound)),
      killDue: () => session.contain(() => void this.stopServer()),
    });
    this.command = conversation.commands.head;
    if (conversation.commands.awaitsMoreThan(this.command)) this.commandWaits();
  }

  /**
   * Sends the error if the judgement is to replace the row with one.
   * @param isLast no packet may follow the error: the client's connection is closed
   */
  sayError(isLast: boolean): void {
    const { session, usage, judgement } = this;
    if (judgement?.action !== 'cut') return;
    const error = this.errorPacket(judgement);
    if (!isLast) {
      session.responses.inject(error);
      return;
    }
    usage.isClosedBehindError = true;
    const last = { end: error, refusal: null };
    if (this.runsOn) session.letClientGo(OUT_OF_STEP, last);
    else session.abort(OUT_OF_STEP, last);
  }

  /** The statement must run to its end and has not reached it. The client may have been told that it will. */
  get runsOn(): boolean {
    const isPromised = this.judgement !== null && this.judgement.reason !== 'kill';
    return !this.hasEnded && isPromised && !this.usage.statement.isSingleReadOnly;
  }

  /** The statement has not reached its end, and its client was told that it will. */
  get owesEnd(): boolean {
    return this.runsOn && this.hasClient;
  }

  /** Kills the statement, unless that is under way already. */
  stopServer(): Promise<KillOutcome> {
    this.withdrawal ??= new AbortController();
    return (this.kill ??= killStatement(this.session, this.withdrawal.signal));
  }

  /** This many more bytes have been discarded. */
  discarded(byteCount: number): void {
    this.drain.add(byteCount);
  }

  /** The server has ended the response; `error` is null if it succeeded. */
  finish(error: ServerError | null): void {
    this.hasEnded = true;
    this.error = error;
  }

  /** The whole rest is discarded. The client's next command waits until an order to kill can hit nothing more. */
  drained(): void {
    this.drain.stop();
    this.withdrawal?.abort();
    if (this.kill === null) this.end(null);
    else void this.kill.then((outcome) => this.session.contain(() => this.end(outcome)));
  }

  /** The client waits for the answer to another command. */
  commandWaits(): void {
    this.waitingTimer ??= world.after(
      this.bounds.drain.waitingMs, () => this.session.contain(() => this.giveUp('waiting')));
  }

  /** Stops the drain and its timers. Returns the number of discarded bytes. */
  stop(): number {
    this.drain.stop();
    this.withdrawal?.abort();
    world.cancel(this.waitingTimer);
    return this.drain.bytes;
  }

  /**
   * Gives up the rest of the response and closes the connections. If a command has waited too long for a statement that
   * must run to its end, only the client's connection closes.
   */
  giveUp(why: GivenUp): void {
    const { session } = this;
    if (session.isOver) return; // it ends for another reason, and its client takes its last packets
    const isLetGo = why === 'waiting' && this.runsOn;
    const last = this.lastPackets(REASONS[why]);
    this.usage.givenUp = why;
    this.observer.givenUp(why);
    const what = isLetGo ? 'the client is let go, its statement runs on' : 'the connections are closed';
    session.log.warn({ bound: why }, `${REASONS[why]}: ${what}`);
    if (isLetGo) session.letClientGo(REASONS[why], last);
    else session.abort(REASONS[why], last);
  }

  /** The packets for a client whose connection is closed now, for this reason. */
  lastPackets(reason: string): LastPackets {
    const { judgement } = this;
    return {
      // A truncated result has no end yet, so the client still needs an error.
      end: judgement?.action === 'truncate' ? this.errorPacket(judgement) : null,
      refusal: this.refusal(reason, 'kept'),
    };
  }

  private end(killed: KillOutcome | null): void {
    const { session, error, judgement } = this;
    if (session.isOver) return;
    const drainedBytes = this.stop();
    if (killed === 'unknown') {
      // The order to kill may still be on its way and would hit whatever runs next.
      session.abort(KILL_UNKNOWN, { end: null, refusal: this.refusal(KILL_UNKNOWN, 'killing') });
      return;
    }
    if (error !== null && judgement?.action !== 'cut') session.responses.inject(encodeErr(this.sequenceId, error));
    else if (judgement?.action === 'truncate') session.responses.inject(this.truncation(judgement));
    const isKilled = killed === 'killed' || judgement?.reason === 'kill';
    const outcome = isKilled && error !== null && INTERRUPTIONS.has(error.code) ? 'killed' : 'drained';
    this.observer.ended({ outcome, error, drainedBytes });
    session.conversation.client.ungate();
    session.resumeRequests();
  }

  /** The answer to the client's next command; null if no command waits. */
  private refusal(reason: string, kept: Waiting): Buffer | null {
    if (this.waitingTimer === null) return null;
    return notRunPacket(reason, this.session.conversation.commands.awaitsMoreThan(this.command) ? 'sentAhead' : kept);
  }

  /** The end of a truncated result: the server's own end of its rows. */
  private truncation(judgement: Judgement): Buffer {
    const end = this.session.conversation.server.rowsEnd?.asLast(this.isFetch) ?? null;
    return end === null ? this.errorPacket(judgement) : encodePacket(this.sequenceId, end);
  }

  private errorPacket(judgement: Judgement): Buffer {
    const { code, sqlState } = cutError(this.usage, judgement);
    const message = cutMessage(this.usage, judgement, this.place);
    return encodeErr(this.sequenceId, { code, sqlState, message }, this.place.encoding);
  }
}

/** The bounds on the rest of a cut response, and the condition for stopping the server. */
export interface CutBounds {
  readonly drain: DrainSettings;
  /** Null if the server is not to be stopped. */
  readonly stopServerWhen: DrainBounds | null;
}

/** The end of a cut response. */
export interface CutEnd {
  readonly outcome: Outcome;
  readonly error: ServerError | null;
  /** Bytes that were discarded. */
  readonly drainedBytes: number;
}

/** An observer of a cut response. */
export interface CutObserver {
  /** The response is over, and the server may get commands again. */
  ended(end: CutEnd): void;
  givenUp(reason: GivenUp): void;
}

const REASONS: Readonly<Record<GivenUp, string>> = {
  bytes: 'the rest of a cut response was more than drain.bytes',
  time: 'the rest of a cut response took longer than drain.time',
  waiting: 'a command waited longer than drain.waiting for the rest of a cut response',
  max: 'more than connections.max cut responses ran on without their clients, this one for the longest time',
};

/** The errors of a statement that was killed. It may also fail by itself while the order to kill is under way. */
const INTERRUPTIONS: ReadonlySet<number> = new Set([
  ServerErrors.QUERY_INTERRUPTED.code, ServerErrors.FILSORT_ABORT.code,
]);

const KILL_UNKNOWN = 'whether the statement of a cut response was killed is not known';

const OUT_OF_STEP = 'the client is of a driver that loses step after an error in the middle of a result';
