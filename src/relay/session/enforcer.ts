import { RETURNING } from '../../audit/record.js';
import type { DrainBounds } from '../../config/config.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import { exemptedFrom, judge, judgeKilled, judgeOverBudget } from '../../policy/judgement.js';
import type { Judgement, Reason } from '../../policy/terms.js';
import { losesStep } from '../../policy/losesStep.js';
import type { ServerError } from '../../protocol/packets.js';
import { Cutting } from './cutting.js';
import { killWhen } from './drain.js';
import type { Settled } from '../flow/direction.js';
import type { WaitingWatch } from '../flow/requestFlow.js';
import type { ResponseVerdicts } from '../flow/responseDecisions.js';
import { PaceJudge } from './paceJudge.js';
import type { Recorder } from './recorder.js';
import type { SessionControls } from './sessionControls.js';
import { heldLostPacket } from '../flow/lastPackets.js';
import type { Shared } from '../shared.js';

/** Enforces the limits of one session: judges a response at its limit, cuts it, and discards its rest. */
export class Enforcer implements ResponseVerdicts, WaitingWatch {
  /** The rest of a response that is being cut; null if there is none. */
  cutting: Cutting | null = null;
  /** The usage whose rows are held back, and the sequence id of its first held back row; null if there is none. */
  private held: { readonly usage: GovernedUsage; readonly sequenceId: number } | null = null;
  private readonly pace: PaceJudge;

  constructor(private readonly session: SessionControls, private readonly recorder: Recorder) {
    this.pace = new PaceJudge(session, {
      admitted: (usage) => this.admitUntilDoubled(usage),
      foundFast: (usage) => this.decideFast(usage),
    });
  }

  /** A response begins or has got other terms. If it is to be held back, it stops at its next row. */
  start(usage: GovernedUsage): void {
    if (this.isToHold(usage) && this.held === null) usage.holdFromFirstRow();
  }

  /** The rows of a usage come from a server-side cursor. */
  cursorOpened(usage: GovernedUsage): void {
    if (usage.trusts('cursor')) usage.turnIntoStream('cursor');
    // The client asks for the next rows when it has these rows. If they were held back, it would wait forever.
    else usage.applyLimits();
  }

  limitReached(reason: 'rows' | 'bytes' | 'error'): Settled {
    const usage = this.session.conversation.server.usage!;
    if (usage.isKilled) return this.apply(usage, judgeKilled(usage, this.isInsideForwardedRow));
    if (reason === 'error') return this.failed(usage);
    if (usage.isPaused) return this.awaitBudget(usage);
    if (usage.isExempt) return this.exempt(usage, usage.isOverBudget ? 'budget' : reason);
    if (usage.isOverBudget && usage.judgement === null) return this.limitOfAllReached(usage);
    if (usage.isToBeHeld) return this.hold(usage);
    const isDecided = usage.isCut || this.held !== null || usage.isAtLimitOfStream(reason);
    return !isDecided && usage.watchesPace ? this.pace.judge(usage) : this.decide(usage, reason);
  }

  /** The response is the largest that fills the budget. A client that reads row by row does not buffer it. */
  private limitOfAllReached(usage: GovernedUsage): Settled {
    const mayStream = this.held === null && usage.watchesPace;
    return mayStream ? this.pace.judge(usage) : this.decideOverBudget(usage);
  }

  /** The server has ended a held back response with an error. The error replaces the whole response. */
  private failed(usage: GovernedUsage): Settled {
    this.startDiscarding(usage, null, null);
    return 'onward';
  }

  /** More of the response under way has been forwarded or held back. */
  progressed(usage: GovernedUsage): void {
    if (this.shared.budget.isLimited && !usage.isCut) this.shared.budget.update(usage);
  }

  discarded(byteCount: number): void {
    this.shared.metrics.drainedBytes += byteCount;
    this.cutting?.discarded(byteCount);
  }

  /** A usage has ended; `error` is the error with which the server ended it, null if it succeeded. */
  finish(usage: GovernedUsage, error: ServerError | null): void {
    this.shared.budget.release(usage);
    if (this.cutting?.usage === usage) {
      this.cutting.finish(error);
      return;
    }
    if (this.held?.usage === usage) this.endHold(false);
    this.pace.ended(usage);
    // After a cut response that ran on without its client, the server answers the commands that the client sent before.
    this.recorder.result(usage, this.session.hasParted ? 'client-gone' : 'completed', true, error, 0);
  }

  drained(): void {
    this.cutting?.drained();
  }

  commandWaits(): void {
    this.cutting?.commandWaits();
  }

  /** A cut response is being discarded, and its statement must run to its end even if the client leaves. */
  get runsOn(): boolean {
    return this.cutting?.runsOn ?? false;
  }

  /** Ends this response because too many responses are being discarded without their clients. */
  giveUpDrain(): void {
    this.cutting?.giveUp('max');
  }

  /** Ends the session with an error in place of a response that is held back, or was to be. Returns whether it does. */
  abortHeld(): boolean {
    const sequenceId = this.dropHeld();
    if (sequenceId === null) return false;
    this.session.abort('the server has gone', { end: heldLostPacket(sequenceId), refusal: null });
    return true;
  }

  /**
   * Drops a response that is held back, or was to be from its first row on. Returns the sequence id of the packet that
   * takes its place; null if there is no such response.
   */
  dropHeld(): number | null {
    const { held, session: { conversation: { server, server: { usage }, commands } } } = this;
    // After a request for a file, the client has numbered packets of its own.
    const isToCome = usage?.isToBeHeld && server.isBetweenPackets && !commands.head?.asksForFile;
    if (usage === null || (held === null && !isToCome)) return null;
    this.shared.budget.release(usage);
    usage.cut(held !== null);
    this.endHold(true);
    return held?.sequenceId ?? server.sequenceId + 1;
  }

  /**
   * The server has been told to end the statement under way. The response is cut at its next row, also where its client
   * does not read. Rows that a change returns pass, and the server's own error replaces all that is held back.
   */
  killed(): void {
    const { usage } = this.session.conversation.server;
    if (usage === null || usage.isCut || usage.isExempt || usage.isToBeHeld || this.held !== null) return;
    usage.isKilled = true;
    usage.stopAtNextRow();
    this.session.responses.hurry();
  }

  /** Sends the held back rows to the client: the response's end will not be seen, or the client must answer first. */
  letGo(): void {
    if (this.held !== null) this.endHold(false);
  }

  /** Whether rows of the response under way are held back. */
  get isHolding(): boolean {
    return this.held !== null;
  }

  /** The end of a usage will not be seen. Returns the number of bytes that were discarded if it was being cut. */
  release(usage: GovernedUsage): number {
    const { cutting } = this;
    this.shared.budget.release(usage);
    this.pace.ended(usage);
    return cutting?.usage === usage ? cutting.stop() : 0;
  }

  /** The usage that is being cut; null if there is none. */
  get cutUsage(): GovernedUsage | null {
    return this.cutting?.usage ?? null;
  }

  /** Lets the rows pass that a change returns: their whole result set, and nothing else of the response. */
  private exempt(usage: GovernedUsage, reason: Reason): Settled {
    if (usage.isToBeHeld) {
      usage.holdNext();
      return 'onward';
    }
    if (usage.exempted === null) this.shared.metrics.exemptions.increment(RETURNING);
    usage.exempted ??= exemptedFrom(usage, reason, this.shared.budget.maxBytes);
    // The number of further rows is not known. The rows that are held back are within the limit.
    this.letGo();
    if (this.isToHold(usage)) usage.holdNext();
    usage.passResultSet();
    return 'onward';
  }

  private get shared(): Shared {
    return this.session.shared;
  }

  private isToHold({ terms: { treatment, responseClass } }: GovernedUsage): boolean {
    return treatment.onExceed.action === 'hold' && treatment.mode === 'enforce' && responseClass === 'buffered';
  }

  private hold(usage: GovernedUsage): Settled {
    this.held = { usage, sequenceId: this.session.conversation.server.sequenceId };
    usage.beginHold();
    usage.applyLimits();
    usage.stopsAtError = true;
    this.session.responses.hold();
    return 'onward';
  }

  private endHold(isDropped: boolean): void {
    if (this.held !== null) this.held.usage.stopsAtError = false;
    this.held = null;
    this.session.responses.endHold(isDropped);
  }

  /** Stops reading the response until it is known whether the budget has room for the next row. */
  private awaitBudget(usage: GovernedUsage): Settled {
    usage.whenGoingOn(() => this.session.contain(() => {
      if (!this.session.isOver && !usage.hasEnded) this.session.resumeResponses();
    }));
    return 'blocked';
  }

  /** Lets a slow reader continue until its usage has doubled. So one long pause does not admit everything. */
  private admitUntilDoubled(usage: GovernedUsage): void {
    const { rows, bytes } = usage.terms.limits;
    const nextBytes = usage.bytes + this.session.conversation.server.stoppedPacketBytes;
    usage.allow(
      Math.min(rows, Math.max(2 * usage.rows, usage.rows + 1)), Math.min(bytes, Math.max(2 * usage.bytes, nextBytes)),
    );
  }

  /** The client takes rows as fast as it can, so it may buffer, whatever it did before: its first terms apply again. */
  private decideFast(usage: GovernedUsage): void {
    usage.terms = usage.firstTerms;
    const passed = this.limitPassed(usage);
    if (usage.isOverBudget) this.decideOverBudget(usage);
    else if (passed !== null) this.decide(usage, passed);
  }

  /** The limit of the response itself that it has passed, or would pass with its next row; null if neither. */
  private limitPassed(usage: GovernedUsage): 'rows' | 'bytes' | null {
    const { rows, bytes } = usage.terms.limits;
    const { stoppedPacketBytes, isInsideRow } = this.session.conversation.server;
    const nextRows = stoppedPacketBytes > 0 && !isInsideRow ? 1 : 0;
    if (usage.rows + nextRows > rows) return 'rows';
    return usage.bytes + stoppedPacketBytes > bytes ? 'bytes' : null;
  }

  private decide(usage: GovernedUsage, reason: 'rows' | 'bytes'): Settled {
    return this.apply(usage, judge(usage, reason, this.isInsideForwardedRow));
  }

  private decideOverBudget(usage: GovernedUsage): Settled {
    return this.apply(usage, judgeOverBudget(usage, this.shared.budget.maxBytes, this.isInsideForwardedRow));
  }

  /** The client has part of a row. (Of a held back row it has nothing, so an error can replace the row.) */
  private get isInsideForwardedRow(): boolean {
    return this.session.conversation.server.isInsideRow && this.held === null;
  }

  private apply(usage: GovernedUsage, judgement: Judgement): Settled {
    usage.judgement = judgement;
    switch (judgement.action) {
      case 'cut':
      case 'truncate':
        this.cut(usage, judgement);
        break;
      case 'close':
        this.session.abort('a result breaks its limit');
        break;
      default:
        usage.allow(Infinity, Infinity);
    }
    return 'onward';
  }

  private cut(usage: GovernedUsage, judgement: Judgement): void {
    const { kill } = this.shared.config;
    // The server already has commands that were sent ahead: a kill could hit one of them.
    const isAlone = this.session.conversation.commands.length === 1;
    const mayKill = kill !== null && judgement.action === 'cut' && judgement.reason !== 'kill' && isAlone &&
      usage.statement.isSingleReadOnly;
    this.startDiscarding(usage, judgement, mayKill ? killWhen(kill) : null);
  }

  /** Discards the rest of the response, and its held back rows. */
  private startDiscarding(usage: GovernedUsage, judgement: Judgement | null, stopServerWhen: DrainBounds | null): void {
    const { session, session: { shared: { config, budget, metrics }, conversation } } = this;
    const isHeld = this.held !== null;
    const sequenceId = this.held?.sequenceId ?? conversation.server.sequenceId;
    budget.release(usage);
    if (isHeld) this.endHold(true);
    usage.cut(isHeld);
    const isFetch = conversation.commands.head?.shape === 'fetch';
    const bounds = { drain: config.drain, stopServerWhen };
    this.cutting = new Cutting(usage, judgement, sequenceId, isFetch, session, bounds, {
      ended: ({ outcome, error, drainedBytes }) => {
        this.cutting = null;
        this.recorder.result(usage, outcome, true, error, drainedBytes);
      },
      givenUp: (reason) => metrics.drainsGivenUp.increment(reason),
    });
    const { identity } = conversation;
    const isAfterRows = usage.forwardedRows > 0;
    this.cutting.sayError(identity !== null && losesStep(identity.attributes, usage.command.code, isAfterRows));
  }
}
