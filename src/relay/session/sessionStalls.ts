import type { Outcome } from '../../audit/record.js';
import type { ClientProfile } from '../../policy/clientProfile.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import { ServerWait } from '../pace/serverWait.js';
import type { Stallable } from '../pace/stallWatch.js';
import type { Recorder } from './recorder.js';
import type { SessionControls } from './sessionControls.js';
import { LOST, NEAR_LOSS } from './sessionWarnings.js';

/** The stalls of one session: measures how long the client kept the server from writing, warns, and records. */
export class SessionStalls implements Stallable {
  /** The response that began last. */
  private latest: GovernedUsage | null = null;
  /** The time for which the server was kept from writing that response. */
  private readonly wait = new ServerWait();
  private hasWarnedOfLoss = false;
  private hasServerGivenUp = false;
  private hasAskedTimeout = false;

  constructor(
    private readonly session: SessionControls,
    private readonly profile: ClientProfile,
    private readonly recorder: Recorder,
  ) {}

  /** A response begins. */
  begin(usage: GovernedUsage): void {
    const { responses } = this.session;
    usage.stallMsBefore = responses.totalStallMs;
    usage.wireBytesBefore = responses.writtenBytes;
    this.latest = usage;
    this.wait.begin(usage.stallMsBefore);
    this.hasWarnedOfLoss = false;
  }

  /** The client has stopped reading. */
  start(): void {
    const { responses, connections, shared } = this.session;
    this.wait.stalled(connections.upstreamTcp.bytesRead, responses.totalStallMs);
    shared.stalls.add(this);
    this.learnTimeout();
  }

  /** The client reads again or has gone. */
  stop(): void {
    this.session.shared.stalls.delete(this);
  }

  get stalledMs(): number {
    return this.session.responses.stalledMs;
  }

  get stallWarningMs(): number {
    return this.session.shared.config.stall.warnAfterMs;
  }

  get isNearLoss(): boolean {
    if (this.hasWarnedOfLoss || this.latest === null) return false;
    return this.wait.currentMs(this.totalMs) >= WARN_AT_PART_OF_TIMEOUT * this.profile.netWriteTimeoutMs;
  }

  readMark(): Promise<string | null> {
    const { shared, connections } = this.session;
    return shared.pace.readMark(connections.client).catch((error: unknown) => {
      this.session.threw(error);
      return null;
    });
  }

  stalledLong(): void {
    const { latest } = this;
    if (latest !== null) this.session.contain(() => this.recorder.stall(latest, null, false));
  }

  nearLoss(isRecorded: boolean): void {
    this.hasWarnedOfLoss = true;
    this.session.contain(() => this.warn(this.wait.currentMs(this.totalMs), NEAR_LOSS));
    if (!isRecorded) this.stalledLong();
  }

  /** The server has closed the connection. Returns whether the reason is that the client did not read. */
  upstreamEnded(): boolean {
    const { totalMs, session: { conversation: { server: { usage } } } } = this;
    const timeoutMs = this.profile.knownNetWriteTimeoutMs ?? LEAST_WAIT_MS;
    const hasWaited = usage !== null && totalMs - usage.stallMsBefore >= timeoutMs;
    this.hasServerGivenUp = hasWaited && this.wait.mayHavePassed(timeoutMs, totalMs);
    if (this.hasServerGivenUp) this.warn(this.wait.longestMs(totalMs), LOST);
    return this.hasServerGivenUp;
  }

  /** Both connections are closed. If the server closed because of a stall, records that stall. */
  close(outcome: Outcome): void {
    const { usage } = this.session.conversation.server;
    if (this.hasServerGivenUp && usage !== null) this.recorder.stall(usage, outcome, true);
  }

  private get totalMs(): number {
    return this.session.responses.totalStallMs;
  }

  /** At the first stall asks the server how long it waits for a client that does not read. */
  private learnTimeout(): void {
    const { shared: { timeouts }, connections } = this.session;
    if (timeouts === null || this.hasAskedTimeout) return;
    const remote = connections.upstreamRemote();
    if (remote === null) return;
    this.hasAskedTimeout = true;
    timeouts.netWriteTimeoutMs(remote).then((timeoutMs) => this.profile.serverWaits(timeoutMs))
      .catch((error: unknown) => this.session.threw(error));
  }

  private warn(serverWaitMs: number, message: string): void {
    const { knownNetWriteTimeoutMs: netWriteTimeoutMs } = this.profile;
    this.session.log.warn({ serverWaitMs: Math.round(serverWaitMs), netWriteTimeoutMs }, message);
  }
}

/** The part of the server's `net_write_timeout` after which the log warns that the server may close the connection. */
const WARN_AT_PART_OF_TIMEOUT = 0.5;
/** If the server's `net_write_timeout` is not known: a server that waited for less has closed for another reason. */
const LEAST_WAIT_MS = 10_000;
