import type { Outcome } from '../../audit/record.js';
import { ClientProfile } from '../../policy/clientProfile.js';
import { GovernedUsage } from '../../policy/governedUsage.js';
import type { Statement } from '../../policy/statement.js';
import type { ServerError } from '../../protocol/packets.js';
import type { PendingCommand, PreparedStatement, Usage } from '../../conversation/command.js';
import type { Conversation } from '../../conversation/conversation.js';
import { Enforcer, type EnforcedSession } from './enforcer.js';
import type { Settled } from '../flow/flow.js';
import { Recorder, type RecordedSession } from './recorder.js';
import { unaskedFilePacket } from '../flow/lastPackets.js';
import type { ResponseVerdicts } from '../flow/responseFlow.js';
import { UNASKED_FILE } from '../connection/sessionEnd.js';
import { ServerWait } from '../pace/serverWait.js';
import { ENDED_AFTER_ALL, LOST, NEAR_LOSS, SET_UP_REFUSED } from './sessionWarnings.js';
import type { Shared } from '../shared.js';
import type { Remote } from '../../control/controlConnection.js';
import { SocketQuestion } from '../pace/socketQuestion.js';
import type { Stallable } from '../pace/stallWatch.js';

/** Follows one session's responses: their terms, limits, stalls and records. */
export class Supervisor implements ResponseVerdicts, Stallable {
  private readonly profile: ClientProfile;
  private readonly enforcer: Enforcer;
  private readonly recorder: Recorder;
  private readonly socketQuestion = new SocketQuestion();
  /** The response that began last. */
  private latest: GovernedUsage | null = null;
  /** How long the server was kept from writing the response that began last. */
  private readonly wait = new ServerWait();
  private hasWarnedOfLoss = false;
  private hasServerGivenUp = false;
  private hasAskedTimeout = false;
  /** What Sluice sets for the session, in ms; null where it sets nothing. A session keeps what it began with. */
  private readonly netWriteTimeoutMs: number | null;

  /** @param clientAddress the client's IP address; empty where it has none */
  constructor(
    private readonly shared: Shared,
    private readonly conversation: Conversation,
    private readonly session: SupervisedSession,
    clientAddress: string,
  ) {
    this.netWriteTimeoutMs = shared.config.streaming.netWriteTimeoutMs;
    this.profile = new ClientProfile(shared, conversation, clientAddress);
    this.recorder = new Recorder(shared, session);
    this.enforcer = new Enforcer(shared, conversation, session, (usage, outcome, error, drainedBytes) =>
      this.recorder.result(usage, outcome, true, error, drainedBytes));
  }

  /** A response begins. */
  newUsage(command: PendingCommand): GovernedUsage {
    this.socketQuestion.see(command);
    const usage = this.profile.govern(command);
    usage.stallMsBefore = this.session.totalStallMs;
    usage.wireBytesBefore = this.session.writtenBytes;
    this.latest = usage;
    this.wait.begin(usage.stallMsBefore);
    this.hasWarnedOfLoss = false;
    this.enforcer.start(usage);
    return usage;
  }

  cursorOpened(usage: Usage): void {
    this.enforcer.cursorOpened(governed(usage));
  }

  usageEnded(usage: Usage, error: ServerError | null, isComplete: boolean): void {
    if (isComplete) this.enforcer.finish(governed(usage), error);
    else this.recorder.result(governed(usage), 'unparsed', false, null, this.enforcer.release(governed(usage)));
    this.shared.metrics.resultEnded(governed(usage));
  }

  statementDone(command: PendingCommand, toldSchema: boolean): void {
    if (command.answerCount === 1) this.socketQuestion.see(command);
    this.profile.statementDone(command, toldSchema);
    const { usage } = this.conversation.server;
    if (usage === null || usage.isCut) return;
    if (this.profile.governAgain(governed(usage))) this.enforcer.start(governed(usage));
  }

  textForgotten(statement: PreparedStatement): Statement {
    return this.profile.keptOf(statement);
  }

  /** What the session has set is forgotten. */
  reset(): void {
    this.profile.reset();
  }

  /** The server has answered the session's set-up. Where it refuses, the session goes on without it. */
  setUp(error: ServerError | null): void {
    const { occasions } = this.shared;
    if (error !== null) {
      occasions.warn('set-up', { ...this.session.origin(), code: error.code, error: error.message }, SET_UP_REFUSED);
    } else if (this.netWriteTimeoutMs !== null) this.profile.setUp(this.netWriteTimeoutMs);
  }

  /** The client has said who it is. */
  identified(): void {
    this.profile.identified();
  }

  /** Nothing is followed any more. */
  unparsed(): void {
    this.enforcer.letGo();
  }

  /** The response under way has reached its limit, or an error at which it is to stop. */
  limitReached(reason: 'rows' | 'bytes' | 'error'): Settled {
    const usage = governed(this.conversation.server.usage!);
    return reason === 'error' ? this.enforcer.failed(usage) : this.enforcer.limitReached(usage, reason);
  }

  /** The server asks for a file. Rows of the response are held back no longer, since the client has to answer. */
  fileRequested(): Settled {
    if (this.profile.mayBeAskedForFile()) {
      this.enforcer.letGo();
      this.conversation.server.admitFile();
    } else {
      const end = unaskedFilePacket(this.conversation.server.sequenceId);
      this.session.abort('the server asked for a file that was not offered', { end, refusal: null }, UNASKED_FILE);
    }
    return 'onward';
  }

  heldLost(): boolean {
    const { usage } = this.conversation.server;
    return usage !== null && this.enforcer.heldLost(governed(usage));
  }

  /** Bytes of a cut response have been discarded. */
  discarded(byteCount: number): void {
    this.shared.metrics.drainedBytes += byteCount;
    this.enforcer.discarded(byteCount);
  }

  /** The rest of a cut response has been discarded. */
  drained(): void {
    this.enforcer.drained();
  }

  /** A command of the client waits for the answer to another. */
  commandWaits(): void {
    this.enforcer.commandWaits();
  }

  /** A cut response is being discarded whose statement is to run to its end, also where its client leaves. */
  get runsOn(): boolean {
    return this.enforcer.runsOn;
  }

  /** So many responses are discarded without their clients that this one has to end. */
  giveUpDrain(): void {
    this.enforcer.giveUpDrain();
  }

  /** The client has gone, and the server's side goes on. */
  parted(): void {
    this.shared.stalls.delete(this);
  }

  /** Something the server sent has been dealt with. */
  progressed(): void {
    const { usage } = this.conversation.server;
    if (usage !== null) this.enforcer.progressed(governed(usage));
    this.recorder.handOver();
  }

  /** The client has stopped, or goes on, reading. */
  stalled(isStalled: boolean): void {
    if (!isStalled) {
      this.shared.stalls.delete(this);
      return;
    }
    this.wait.stalled(this.session.upstreamReadBytes, this.session.totalStallMs);
    this.shared.stalls.add(this);
    this.learnTimeout();
  }

  get stalledMs(): number {
    return this.session.stalledMs;
  }

  get stallWarningMs(): number {
    return this.shared.config.stall.warnAfterMs;
  }

  get isNearLoss(): boolean {
    if (this.hasWarnedOfLoss || this.latest === null) return false;
    return this.wait.currentMs(this.session.totalStallMs) >= WARN_AT_PART_OF_TIMEOUT * this.profile.netWriteTimeoutMs;
  }

  readMark(): Promise<string | null> {
    return this.session.readMark();
  }

  stalledLong(): void {
    const { latest } = this;
    if (latest !== null) this.session.contain(() => this.recorder.stall(latest, null, false));
  }

  nearLoss(isRecorded: boolean): void {
    this.hasWarnedOfLoss = true;
    this.session.contain(() => this.warnOfWait(this.wait.currentMs(this.session.totalStallMs), NEAR_LOSS));
    if (!isRecorded) this.stalledLong();
  }

  /** The server has ended the connection. Returns whether that is because its client did not take what it was sent. */
  upstreamEnded(): boolean {
    const { usage } = this.conversation.server;
    const { totalStallMs } = this.session;
    const timeoutMs = this.profile.knownNetWriteTimeoutMs ?? LEAST_WAIT_MS;
    const hasWaited = usage !== null && totalStallMs - governed(usage).stallMsBefore >= timeoutMs;
    this.hasServerGivenUp = hasWaited && this.wait.mayHavePassed(timeoutMs, totalStallMs);
    if (this.hasServerGivenUp) this.warnOfWait(this.wait.longestMs(totalStallMs), LOST);
    return this.hasServerGivenUp;
  }

  /** Both connections are closed. What was not seen to its end is recorded as far as it went. */
  close(outcome: Outcome): void {
    this.shared.stalls.delete(this);
    if (outcome === 'client-gone' && this.socketQuestion.wasLast) this.shared.bypasses.warn(this.session.origin());
    const { conversation: { server }, enforcer, session } = this;
    const usages = this.conversation.openUsages().map(governed);
    const { cutUsage, runsOn } = enforcer;
    // What they hold is given back first, whatever comes of the records.
    const held = new Set(cutUsage === null ? usages : [...usages, cutUsage]);
    const discarded = new Map([...held].map((usage) => [usage, enforcer.release(usage)]));
    for (const usage of held) {
      usage.endForwarding(session.hasHandedOver, usage === server.usage ? server.rowBytesToCome : 0);
    }
    if (runsOn && outcome !== 'upstream-gone') this.statementEnded(cutUsage!);
    this.recorder.close(session.hasHandedOver, outcome);
    const { usage: current } = server;
    if (this.hasServerGivenUp && current !== null) this.recorder.stall(governed(current), outcome, true);
    for (const usage of usages) {
      this.shared.metrics.resultEnded(usage);
      this.recorder.result(usage, usage.givenUp === null ? outcome : 'closed', false, null, discarded.get(usage) ?? 0);
    }
    // Its end was seen, but not what came of the attempt to kill it.
    if (cutUsage !== null) this.recorder.result(cutUsage, outcome, true, null, discarded.get(cutUsage) ?? 0);
  }

  /** The client cannot be told any more that its statement did not run to its end. */
  private statementEnded(usage: GovernedUsage): void {
    usage.isStatementEnded = true;
    this.session.warn({}, ENDED_AFTER_ALL);
  }

  /** Asks the server, at the first stall, how long it waits for a client that does not read. */
  private learnTimeout(): void {
    const { timeouts } = this.shared;
    const { upstreamRemote } = this.session;
    if (timeouts === null || upstreamRemote === null || this.hasAskedTimeout) return;
    this.hasAskedTimeout = true;
    timeouts.netWriteTimeoutMs(upstreamRemote).then((timeoutMs) => this.profile.serverWaits(timeoutMs))
      .catch((error: unknown) => this.session.threw(error));
  }

  private warnOfWait(serverWaitMs: number, message: string): void {
    const { knownNetWriteTimeoutMs: netWriteTimeoutMs } = this.profile;
    this.session.warn({ serverWaitMs: Math.round(serverWaitMs), netWriteTimeoutMs }, message);
  }
}

/** What the supervisor needs of its session. */
export interface SupervisedSession extends Omit<EnforcedSession, 'record'>, RecordedSession {
  /** The kernel has all that was decided to go to the client. */
  readonly hasHandedOver: boolean;
  /** How long the client has not been taking what it was sent now, in ms; 0 where it has taken all. */
  readonly stalledMs: number;
  /** Something that changes when the client reads; null where that cannot be told. */
  readMark(): Promise<string | null>;
  /** Bytes that were read from the server's connection. */
  readonly upstreamReadBytes: number;
  /** Warns in the log, with whose session it is. */
  warn(details: object, message: string): void;
  /** The address that the session is connected to; null while it is not. */
  readonly upstreamRemote: Remote | null;
}

/** A warning comes before the server gives a client up: after this part of its `net_write_timeout`. */
const WARN_AT_PART_OF_TIMEOUT = 0.5;
/** Where nobody has told the server's `net_write_timeout`, one that has waited for less than this has not given up. */
const LEAST_WAIT_MS = 10_000;

/** Every usage of a supervised conversation was made by `newUsage`. */
function governed(usage: Usage): GovernedUsage {
  if (usage instanceof GovernedUsage) return usage;
  throw new TypeError('a usage that was not made by the supervisor');
}
