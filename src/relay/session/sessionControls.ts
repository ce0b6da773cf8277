import type { EndLabel } from '../../telemetry/metrics.js';
import type { SessionView } from '../../telemetry/status.js';
import type { Origin } from '../../audit/record.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import type { PaceReading, Progress } from '../../policy/pace.js';
import type { ClientIdentity } from '../../protocol/handshakeResponse.js';
import type { Containment } from '../containment.js';
import type { Departure } from './departure.js';
import type { KillOutcome } from '../../control/killer.js';
import type { WatchedClient } from '../pace/pace.js';
import type { LastPackets } from '../flow/lastPackets.js';
import { viewOf } from './sessionView.js';
import type { SocketQueues } from '../pace/socketQueues.js';
import type { Remote } from '../../control/controlConnection.js';
import type { SessionParts } from './sessionParts.js';
import type { SupervisedSession } from './supervisor.js';

/** What a supervisor sees of its session, and may do with it. */
export class SessionControls implements SupervisedSession, WatchedClient {
  private originFound: Origin | null = null;
  /** Whose origin it is. */
  private originIdentity: ClientIdentity | null = null;

  constructor(private readonly parts: SessionParts, private readonly session: ControlledSession) {}

  contain(work: () => void): void {
    this.session.contain(work);
  }

  threw(error: unknown): void {
    this.session.threw(error);
  }

  get isOver(): boolean {
    return this.session.isOver;
  }

  get stalledMs(): number {
    return this.parts.responses.stalledMs;
  }

  get totalStallMs(): number {
    return this.parts.responses.totalStallMs;
  }

  get upstreamReadBytes(): number {
    return this.parts.connections.upstreamTcp.bytesRead;
  }

  get upstreamRemote(): Remote | null {
    const { connections, encryption } = this.parts;
    return connections.upstreamRemote(encryption.upstreamTls.forControlConnections);
  }

  get nowMs(): number {
    return this.parts.conversation.options.now();
  }

  /** Made anew only where it has changed: statistics ask after every response. */
  origin(): Origin {
    const { identity, schema } = this.parts.conversation;
    const known = this.originIdentity === identity ? this.originFound : null;
    if (known !== null && identity !== null && known.schema === schema) return known;
    this.originIdentity = identity;
    return (this.originFound = this.newOrigin());
  }

  /** @param startedAtMs when the session began, on its clock in ms */
  view(startedAtMs: number): SessionView {
    const { nowMs, stalledMs, parts: { conversation, shared } } = this;
    const showsStatements = shared.config.audit.sql !== 'none';
    return viewOf(conversation, { origin: this.origin(), startedAtMs, nowMs, stalledMs, showsStatements });
  }

  warn(details: object, message: string): void {
    const { id, connections, log } = this.parts;
    log.warn({ session: id, client: connections.clientAddress, ...details }, message);
  }

  sendToClient(bytes: Buffer): void {
    this.parts.responses.inject(bytes);
  }

  holdRows(): void {
    this.parts.responses.hold();
  }

  endHold(isDropped: boolean): void {
    this.parts.responses.endHold(isDropped);
  }

  resumeResponses(): void {
    this.parts.responses.unblock();
    this.session.caughtUp();
  }

  resumeRequests(): void {
    const { departure } = this.session;
    if (departure.hasParted) departure.goOn();
    else this.parts.requests.unblock();
    this.session.sayGoodbye();
  }

  whenTaken(then: () => void): void {
    this.parts.responses.whenTaken(then);
  }

  get hasPassedOn(): boolean {
    return this.parts.responses.hasPassedOn;
  }

  get hasHandedOver(): boolean {
    return this.parts.responses.hasHandedOver;
  }

  progressOf({ rows, bytes, stallMsBefore, wireBytesBefore, firstRowAtMs }: GovernedUsage): Progress {
    const { writtenBytes } = this.parts.responses;
    const waitedMs = this.totalStallMs - stallMsBefore;
    return { rows, bytes, wireBytes: writtenBytes - wireBytesBefore, waitedMs, elapsedMs: this.nowMs - firstRowAtMs };
  }

  paceSoFar(now: Progress, before: Progress): PaceReading | null {
    return this.parts.shared.pace.soFar(this, now, before);
  }

  watchPace(now: Progress, before: Progress): Promise<PaceReading> {
    return this.parts.shared.pace.watch(this, now, before);
  }

  // How its client is looked at.

  look(): Promise<SocketQueues> {
    return this.parts.connections.clientQueue.look();
  }

  get pendingBytes(): number {
    return this.parts.connections.clientQueue.pendingBytes;
  }

  get writtenBytes(): number {
    return this.parts.responses.writtenBytes;
  }

  get isClientWaitedFor(): boolean {
    return this.parts.responses.isClientWaitedFor;
  }

  readMark(): Promise<string | null> {
    const { shared, connections } = this.parts;
    return shared.pace.readMark(connections.client).catch((error: unknown) => {
      this.threw(error);
      return null;
    });
  }

  async kill(signal: AbortSignal): Promise<KillOutcome> {
    const outcome = await this.tryKill(signal).catch((error: unknown): KillOutcome => {
      this.threw(error);
      return 'unknown';
    });
    this.parts.shared.metrics.kills.increment(outcome);
    return outcome;
  }

  abort(reason: string, last?: LastPackets, label?: EndLabel): void {
    this.session.abort(reason, last, label);
  }

  letClientGo(reason: string, last: LastPackets): void {
    this.session.departure.note(['sluice', 'limit'], reason);
    this.session.departure.part(false, this.parts.responses.wrapLast(last));
  }

  private async tryKill(signal: AbortSignal): Promise<KillOutcome> {
    const { shared, conversation, connections } = this.parts;
    const { greeting, identity } = conversation;
    const { upstreamRemote: remote } = this;
    if (shared.killer === null || greeting === null || remote === null) return 'failed';
    const target = { connectionId: greeting.connectionId, user: identity?.user ?? '', remote, ...connections.shownEnd };
    return shared.killer.kill(target, signal);
  }

  private newOrigin(): Origin {
    const { id, conversation, connections } = this.parts;
    return {
      user: conversation.identity?.user ?? '',
      schema: conversation.schema,
      client: connections.clientAddress,
      program: conversation.identity?.attributes.get('program_name') ?? null,
      connectionId: conversation.greeting?.connectionId ?? null,
      session: id,
    };
  }
}

/** What only the session itself can say and do. */
export interface ControlledSession extends Containment {
  readonly isOver: boolean;
  /** Responses were dealt with later than in the turn in which they came. */
  caughtUp(): void;
  /** What becomes of the server's connection when the client leaves. */
  readonly departure: Departure;
  /** Takes leave, where the session is to end and nothing is under way. */
  sayGoodbye(): void;
  abort(reason: string, last?: LastPackets, label?: EndLabel): void;
}
