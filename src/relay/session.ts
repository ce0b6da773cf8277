import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Origin, Outcome } from '../audit/record.js';
import { formatAddress } from '../config/address.js';
import { OPENABLE_COMPRESSIONS } from '../protocol/compression.js';
import type { ServerError } from '../protocol/packets.js';
import type { PendingCommand } from '../session/command.js';
import { Conversation, type ConversationObserver, type Unparsed } from '../session/conversation.js';
import { FrameNumbers } from '../session/frameNumbers.js';
import type { Usage } from '../session/usage.js';
import { adoptClient } from './clientSocket.js';
import type { Settled } from './flow.js';
import type { KillOutcome } from './killer.js';
import { onPeerEnd } from './peerEnd.js';
import type { BufferedSocket, ReadBuffer } from './readBuffer.js';
import { refuse, upstreamUnavailable } from './refusal.js';
import { RequestFlow } from './requestFlow.js';
import { ResponseFlow, type ResponseDecisions } from './responseFlow.js';
import type { Shared } from './shared.js';
import type { Remote } from './side/sideConnection.js';
import { Supervisor, type SupervisedSession } from './supervisor.js';
import { connectUpstream } from './upstreamSocket.js';

/** Who ended a session, and why. */
export interface SessionEnd {
  readonly by: 'client' | 'upstream' | 'sluice';
  readonly reason: string;
}

/** A client that says that it leaves, or just closes: so sessions end all the time, and nobody wants to hear of each. */
const QUIT: SessionEnd = { by: 'client', reason: 'quit' };
const CLOSED: SessionEnd = { by: 'client', reason: 'closed' };

/** Statements are told apart by their text, and hints stand at their ends, so some of it is kept even where records hold none. */
const MIN_TEXT_BYTES = 16 * 1024;

const OUTCOMES: Record<SessionEnd['by'], Outcome> = {
  client: 'client-gone',
  upstream: 'upstream-gone',
  sluice: 'closed',
};

const now = performance.now.bind(performance);

/** One client's connection with its connection to the upstream server, from the first byte to the last. */
export class Session implements ConversationObserver, ResponseDecisions, SupervisedSession {
  private readonly conversation: Conversation;
  private readonly supervisor: Supervisor;
  private readonly client: Socket;
  private readonly clientBuffer: ReadBuffer;
  private readonly upstream: BufferedSocket;
  private readonly requests: RequestFlow;
  private readonly responses: ResponseFlow;
  private readonly clientAddress: string;
  private readonly startedAtMs = now();
  private phaseTimer: NodeJS.Timeout;
  private end: SessionEnd | null = null;
  private hasEnded = false;

  /**
   * Begins to connect to the upstream server.
   * @param id Sluice's number for the session
   * @param onEnd is called once, when both connections are closed
   */
  constructor(
    private readonly id: number,
    accepted: Socket,
    private readonly shared: Shared,
    private readonly log: Logger,
    private readonly onEnd: (session: Session) => void,
  ) {
    const { config } = shared;
    const { socket: client, buffer } = adoptClient(accepted, (byteCount) => this.onRequestRead(byteCount));
    this.client = client;
    this.clientBuffer = buffer;
    const textBytes = Math.max(config.audit.sqlBytes, MIN_TEXT_BYTES);
    const parameterBytes = config.audit.params ? config.audit.sqlBytes : 0;
    this.clientAddress = formatAddress({ host: client.remoteAddress ?? 'unknown', port: client.remotePort ?? 0 });
    const compressions = config.compression === 'inspect' ? OPENABLE_COMPRESSIONS : 0n;
    this.conversation = new Conversation({ observer: this, textBytes, parameterBytes, compressions, now });
    this.supervisor = new Supervisor(shared, this.conversation, this, client.remoteAddress ?? '');
    this.upstream = connectUpstream(config, (byteCount) => this.onResponseRead(byteCount));
    const { socket } = this.upstream;
    this.listen(socket); // before the flows do: what an end means has to be noted before it is relayed
    this.requests = new RequestFlow(client, socket, this.conversation, () => this.leaveDrain());
    this.responses = new ResponseFlow(socket, client, this.conversation, this);
    this.phaseTimer = this.expect(`${this.upstreamName} did not accept the connection`, config.connections.connectTimeoutMs);
  }

  /** Ends both connections at once; `lastPacket` still goes to the client. */
  abort(reason: string, lastPacket?: Buffer): void {
    this.noteEnd('sluice', reason);
    const lastBytes = lastPacket === undefined ? null : this.responses.wrap(lastPacket);
    this.closeFlows();
    this.upstream.socket.destroy();
    if (lastBytes === null) this.client.destroy();
    else refuse(this.client, lastBytes);
  }

  // What happens in the conversation.

  greeted(): void {
    this.expect('the client did not answer the greeting', this.shared.config.connections.handshakeTimeoutMs);
  }

  identified(): void {
    this.supervisor.identified();
    if (this.conversation.phase !== 'authentication') return;
    this.expect('the authentication did not come to its end', this.shared.config.connections.handshakeTimeoutMs);
  }

  ready(): void {
    clearTimeout(this.phaseTimer);
  }

  newUsage(command: PendingCommand): Usage {
    return this.supervisor.newUsage(command);
  }

  cursorOpened(usage: Usage): void {
    this.supervisor.cursorOpened(usage);
  }

  usageEnded(usage: Usage, error: ServerError | null, isComplete: boolean): void {
    this.supervisor.usageEnded(usage, error, isComplete);
  }

  queryDone(command: PendingCommand): void {
    this.supervisor.queryDone(command);
  }

  unparsed(problem: Unparsed): void {
    clearTimeout(this.phaseTimer);
    this.log.warn({ session: this.id, client: this.clientAddress, ...problem }, 'cannot follow this session any more');
    this.supervisor.unparsed();
    const canPass = !this.conversation.server.isDiscarding && this.responses.canPassFrames;
    if (!canPass || this.shared.config.onUnparsed === 'close') this.abort('what came could not be followed');
    else if (problem.direction === 'client') this.responses.flushHeld();
    else this.requests.flushHeld();
  }

  // What the flow of responses asks for.

  refused(error: ServerError): void {
    const { code, message } = error;
    this.refuse(`${this.upstreamName} refused the connection: ${message} (error ${code})`);
  }

  compressed(): void {
    const { compression } = this.conversation.dialect;
    if (compression === null) return;
    const numbers = new FrameNumbers();
    this.requests.beginFrames(compression, numbers);
    this.responses.beginFrames(compression, numbers);
  }

  caughtUp(): void {
    this.afterResponses();
  }

  limitReached(reason: 'rows' | 'bytes' | 'error'): Settled {
    return this.supervisor.limitReached(reason);
  }

  discarded(byteCount: number): void {
    this.supervisor.discarded(byteCount);
  }

  drained(): Settled {
    return this.supervisor.drained();
  }

  stalled(isStalled: boolean): void {
    if (!isStalled) this.upstream.buffer.taken();
    this.supervisor.stalled(isStalled);
  }

  // What the supervisor asks for.

  get isOver(): boolean {
    return this.end !== null && (this.client.destroyed || this.upstream.socket.destroyed);
  }

  get stalledMs(): number {
    return this.responses.stalledMs;
  }

  get totalStallMs(): number {
    return this.responses.totalStallMs;
  }

  get upstreamRemote(): Remote | null {
    const { remoteAddress, remotePort } = this.upstream.socket;
    return remoteAddress === undefined || remotePort === undefined ? null : { host: remoteAddress, port: remotePort };
  }

  get nowMs(): number {
    return now();
  }

  origin(): Origin {
    const { conversation } = this;
    return {
      user: conversation.identity?.user ?? '',
      schema: conversation.schema,
      client: this.clientAddress,
      program: conversation.identity?.attributes.get('program_name') ?? null,
      connectionId: conversation.greeting?.connectionId ?? null,
      session: this.id,
    };
  }

  sendToClient(bytes: Buffer): void {
    this.responses.inject(bytes);
  }

  holdRows(): void {
    this.responses.hold();
  }

  endHold(isDropped: boolean): void {
    this.responses.endHold(isDropped);
  }

  resumeResponses(): void {
    this.responses.unblock();
    this.afterResponses();
  }

  resumeRequests(): void {
    this.requests.unblock();
  }

  isReadingSlowly(): Promise<boolean> {
    return this.shared.pace.isSlow(this.client, () => this.isOver);
  }

  readMark(): Promise<string | null> {
    return this.shared.pace.readMark(this.client);
  }

  async kill(signal: AbortSignal): Promise<KillOutcome> {
    const { greeting, identity } = this.conversation;
    const { localAddress, localPort, remoteAddress, remotePort } = this.upstream.socket;
    const isKnown = localAddress !== undefined && localPort !== undefined && remoteAddress !== undefined && remotePort !== undefined;
    if (this.shared.killer === null || greeting === null || !isKnown) return 'failed';
    const user = identity?.user ?? '';
    const target = { connectionId: greeting.connectionId, user, localAddress, localPort, remoteAddress, remotePort };
    return this.shared.killer.kill(target, signal);
  }

  private get upstreamName(): string {
    return `the upstream server ${formatAddress(this.shared.config.upstream)}`;
  }

  private onRequestRead(byteCount: number): void {
    const { requests, conversation } = this;
    this.clientBuffer.deliver(byteCount, requests);
    const isComplete = requests.isEmpty && conversation.client.isBetweenPackets && !conversation.isUploading;
    this.clientBuffer.adapt(byteCount, requests, isComplete);
  }

  private onResponseRead(byteCount: number): void {
    const { responses, conversation } = this;
    const { buffer } = this.upstream;
    buffer.deliver(byteCount, responses);
    this.afterResponses();
    buffer.adapt(byteCount, responses, conversation.phase === 'commands' && conversation.commands.length === 0);
  }

  private afterResponses(): void {
    this.supervisor.progressed();
    this.requests.unblock(); // a response may be what the next command waits for
  }

  private listen(upstream: Socket): void {
    const { client } = this;
    const { handshakeTimeoutMs } = this.shared.config.connections;
    upstream.on('connect', () => this.expect(`${this.upstreamName} did not greet`, handshakeTimeoutMs));
    onPeerEnd(upstream, () => this.onUpstreamEnd());
    upstream.on('error', (error: NodeJS.ErrnoException) => this.onUpstreamError(error));
    upstream.on('close', () => this.onClose());
    onPeerEnd(client, () => this.noteLeaving());
    client.on('error', (error: NodeJS.ErrnoException) => this.onClientError(error));
    client.on('close', () => this.onClose());
    // All has been written and the server has closed: a server that closes does not read on.
    client.on('finish', () => {
      client.destroy();
      upstream.destroy();
    });
  }

  /**
   * Sets the time until which what comes next has to be done; what passed before counts no more.
   * @param failure what is said of a session where it is not done by then
   */
  private expect(failure: string, timeoutMs: number): NodeJS.Timeout {
    clearTimeout(this.phaseTimer);
    this.phaseTimer = setTimeout(() => this.onLate(`${failure} within ${timeoutMs} ms`), timeoutMs);
    return this.phaseTimer;
  }

  private onLate(failure: string): void {
    if (this.conversation.phase === 'greeting') this.refuse(failure);
    else this.abort(failure);
  }

  private onUpstreamEnd(): void {
    if (this.conversation.phase !== 'greeting') this.noteEnd('upstream', 'closed');
    else this.refuse(`${this.upstreamName} closed the connection without a greeting`);
  }

  private onUpstreamError(error: NodeJS.ErrnoException): void {
    const reason = error.code ?? error.message;
    if (this.conversation.phase === 'greeting') {
      this.refuse(`cannot reach ${this.upstreamName}: ${reason}`);
      return;
    }
    this.noteEnd('upstream', reason);
    this.responses.flushRest();
    // A reset is relayed as one, once the client has what came before it; where it has the server's FIN, that is its end.
    if (!this.client.writableEnded) this.client.write('', () => void this.relayReset());
  }

  /** A reset would take with it what is on its way to a client that reads slowly: behind that comes a FIN. */
  private async relayReset(): Promise<void> {
    if (await this.shared.pace.allArrives(this.client)) this.client.resetAndDestroy();
    else this.client.end();
  }

  private onClientError(error: NodeJS.ErrnoException): void {
    this.noteEnd('client', error.code ?? error.message);
    this.closeFlows();
    this.client.destroy();
    this.upstream.socket.resetAndDestroy();
  }

  /** The client has left while the rest of a response that it no longer gets is being discarded. */
  private leaveDrain(): void {
    this.noteLeaving();
    this.closeFlows();
    this.upstream.socket.destroy();
    this.client.end();
  }

  /** Ends a session that has not begun, with an error that takes the place of the greeting. */
  private refuse(message: string): void {
    this.noteEnd('upstream', message);
    this.log.warn({ session: this.id, client: this.clientAddress }, message);
    this.closeFlows();
    this.upstream.socket.destroy();
    refuse(this.client, upstreamUnavailable(message));
  }

  private closeFlows(): void {
    clearTimeout(this.phaseTimer);
    this.requests.close();
    this.responses.close();
  }

  private noteEnd(by: SessionEnd['by'], reason: string): void {
    this.end ??= { by, reason };
  }

  private noteLeaving(): void {
    this.end ??= this.conversation.hasQuit ? QUIT : CLOSED;
  }

  /** One of the two connections is closed; the session has ended when both are. */
  private onClose(): void {
    const { client, upstream } = this;
    if (client.closed) upstream.socket.destroy();
    if (!client.closed || !upstream.socket.closed || this.hasEnded) return;
    this.hasEnded = true;
    this.closeFlows();
    const end = this.end ?? CLOSED;
    this.supervisor.close(OUTCOMES[end.by]);
    upstream.buffer.release();
    this.clientBuffer.release();
    this.log[end === QUIT || end === CLOSED ? 'debug' : 'info'](
      { session: this.id, client: this.clientAddress, ...end, durationMs: now() - this.startedAtMs }, 'session ended',
    );
    this.onEnd(this);
  }
}
