import type { PendingCommand } from '../../conversation/command.js';
import type { KillOutcome } from '../../control/killer.js';
import type { EndLabel } from '../../telemetry/metrics.js';
import type { OrderOutcome, OrderResult } from '../../telemetry/sessionOrder.js';
import { endedPacket, NO_LAST_PACKETS, type LastPackets } from '../flow/lastPackets.js';
import type { Enforcer } from './enforcer.js';
import type { SessionControls } from './sessionControls.js';
import { killStatement } from './statementKill.js';
import { world } from '../../world/world.js';

/** Carries out the orders for one session that an operator gives at the admin endpoint. */
export class SessionOrders {
  /** The statement that is being killed; null if there is none. */
  private killing: { readonly command: PendingCommand; readonly withdrawal: AbortController } | null = null;

  constructor(private readonly session: SessionControls, private readonly enforcer: Enforcer) {}

  /**
   * Ends the statement on the server by KILL QUERY. No further command goes to the server until that is settled. Rows
   * that the client has not been sent are then discarded, so that a client that does not read does not hold the server.
   */
  async kill(): Promise<OrderResult> {
    const obstacle = this.obstacle();
    if (obstacle !== null) return this.result('refused', obstacle);
    const outcome = await this.killNow();
    return this.result(outcome, KILL_RESULTS[outcome]);
  }

  /** Ends the session: first its statement, if it can be killed soon enough, then both connections. */
  async end(): Promise<OrderResult> {
    let killed: KillOutcome | null = null;
    if (this.obstacle() === null) {
      const timer = world.after(KILL_WITHIN_MS, () => this.killing?.withdrawal.abort());
      killed = await this.killNow();
      world.cancel(timer);
    }
    const mayRunOn = killed !== 'killed' && this.session.conversation.commands.length > 0;
    if (!this.session.isOver) this.session.contain(() => this.close());
    return this.result('ended', mayRunOn ? MAY_RUN_ON : 'both connections of the session are closed');
  }

  /** More of the responses has arrived. A statement that is over is not killed any more. */
  caughtUp(): void {
    const { killing } = this;
    if (killing !== null && this.session.conversation.commands.head !== killing.command) killing.withdrawal.abort();
  }

  /** The reason why the statement cannot be killed; null if it can. */
  private obstacle(): string | null {
    const { shared: { killer }, conversation: { phase, commands, ownCommand }, isOver } = this.session;
    if (isOver) return 'the session is ending';
    if (phase !== 'commands') return 'Sluice sees no statements in this session; it can only be ended';
    if (commands.length === 0 || ownCommand !== null) return 'the session runs no statement';
    if (commands.length > 1) return 'the client has sent further commands ahead, and the order could hit one of them';
    if (this.killing !== null) return 'the statement is being killed already';
    return killer === null ? 'there is no account that kills statements: see the setting kill' : null;
  }

  private async killNow(): Promise<KillOutcome> {
    const { session, session: { conversation } } = this;
    const { cutting } = this.enforcer;
    if (cutting !== null) return cutting.stopServer();
    const withdrawal = new AbortController();
    this.killing = { command: conversation.commands.head!, withdrawal };
    conversation.client.gate();
    const outcome = await killStatement(session, withdrawal.signal);
    session.contain(() => this.settled(outcome));
    return outcome;
  }

  private settled(outcome: KillOutcome): void {
    const { session, session: { conversation }, killing } = this;
    this.killing = null;
    if (session.isOver) return;
    if (outcome === 'unknown') {
      session.abort('whether a statement was killed on request is not known', this.lastPackets(), REQUESTED);
      return;
    }
    if (outcome === 'killed' && conversation.commands.head === killing?.command) this.enforcer.killed();
    conversation.client.ungate();
    session.resumeRequests();
  }

  private close(): void {
    const { session } = this;
    if (session.takeLeave(REQUESTED, ENDED)) return;
    if (session.hasParted) session.destroy(ENDED, REQUESTED);
    else session.abort(ENDED, this.lastPackets(), REQUESTED);
  }

  /** The error for the command under way, if the client awaits a packet. */
  private lastPackets(): LastPackets {
    const { conversation: { phase, commands: { head }, server, ownCommand } } = this.session;
    const { cutting } = this.enforcer;
    if (cutting !== null) return cutting.lastPackets(ENDED);
    const ofHeld = this.enforcer.dropHeld();
    if (ofHeld !== null) return { end: endedPacket(ofHeld), refusal: null };
    const isAwaited = phase === 'commands' && head !== null && head.hasArrived && !WITHOUT_ERROR.has(head.shape);
    const isPossible = isAwaited && !head.asksForFile && ownCommand === null && server.isBetweenPackets;
    if (!isPossible) return NO_LAST_PACKETS;
    // The first packet of an answer does not continue the answer before it.
    if (!server.isInResponse) return { end: null, refusal: endedPacket(1) };
    const isAtRow = server.stopReason === 'rows' || server.stopReason === 'bytes';
    return { end: endedPacket(server.sequenceId + (isAtRow ? 0 : 1)), refusal: null };
  }

  private result(outcome: OrderOutcome, message: string): OrderResult {
    return { outcome, connectionId: this.session.conversation.greeting?.connectionId ?? null, message };
  }
}

/** The longest wait of a session's end until the order to kill its statement is sent. */
const KILL_WITHIN_MS = 2000;

/** No answer, or one between whose packets the client's own ones are numbered. */
const WITHOUT_ERROR: ReadonlySet<string> = new Set(['none', 'authentication']);

const ENDED = 'ended on request at the admin endpoint';
const REQUESTED: EndLabel = ['sluice', 'requested'];

const MAY_RUN_ON = 'both connections of the session are closed; the statement may run on until the server notices';

const KILL_RESULTS: Readonly<Record<KillOutcome, string>> = {
  'killed': 'the server has accepted the order to end the statement',
  'no-match': 'nothing was killed: the server does not show the connection, or shows that it runs nothing',
  'withdrawn': 'nothing was killed: the statement ended before',
  'failed': 'nothing was killed: the server could not be asked, or has refused; the log says why',
  'unknown': 'the server did not answer the order, so the session is closed',
};
