import type { EndLabel } from '../../telemetry/metrics.js';
import { CLOSED, endOf, leavingEnd, QUIT, type SessionEnd } from '../connection/sessionEnd.js';
import type { SessionControls } from './sessionControls.js';

/** How a session ends, and what becomes of the server's connection when the client leaves, or is let go. */
export class Departure {
  /** Null as long as nobody has ended it. */
  end: SessionEnd | null = null;
  /** The client's connection is closed, or closing, and the server's goes on. */
  hasParted = false;
  /** What the client has sent last is for the server still. */
  private isHeard = true;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly session: SessionControls) {}

  /** Notes who ends the session, and why, unless somebody has ended it before. */
  note(label: EndLabel, reason: string): void {
    const { hasQuit, server } = this.session.conversation;
    // A server that is told goodbye often closes before its client does: it was the client that ended it.
    const isGoodbye = hasQuit && server.usage === null && label[0] !== 'sluice';
    this.end ??= isGoodbye ? QUIT : endOf(label, reason);
  }

  /** Notes that the client has left, unless somebody has ended the session before. */
  noteLeaving(): SessionEnd {
    return (this.end ??= leavingEnd(this.session.conversation.hasQuit, this.session.handshakeWith));
  }

  /** The client has said all it has to say (FIN). It waits for what the server has to say, or for nothing. */
  clientEnded(): void {
    this.noteLeaving();
    // An end that is being encrypted cannot be told.
    if (this.session.handshakeWith !== null) this.session.destroy('the client has left', CLOSED.label);
    else if (this.session.connections.awaitsLogin) this.dismiss();
    else if (!this.hasParted) this.awaitServer();
  }

  /** The client's connection was reset or lost. */
  clientFailed(error: NodeJS.ErrnoException): void {
    if (this.hasParted) return;
    this.note(['client', 'error'], error.code ?? error.message);
    if (this.session.runsOn) {
      this.part(false, null);
    } else {
      this.session.closeFlows();
      this.session.connections.relayClientReset();
    }
  }

  /** Ends the session where its client, of which nothing was read for drain.time, has gone meanwhile. */
  lookForClient(): void {
    const { connections } = this.session;
    if (!connections.clientTcp.writableEnded) connections.clientTcp.write(''); // fails where the connection was reset
    connections.clientQueue.look().then(({ hasClientEnded }) => {
      if (hasClientEnded && !this.session.runsOn) this.session.contain(() => this.giveUpServer());
    }).catch((error: unknown) => this.session.threw(error));
  }

  /** The client has left while a cut response is being discarded. */
  left(): void {
    if (this.hasParted) return;
    this.noteLeaving();
    if (this.session.runsOn) {
      this.part(true, null);
    } else {
      this.dismiss();
    }
  }

  private dismiss(): void {
    this.session.closeFlows();
    this.session.connections.dismiss(null);
  }

  /**
   * Closes the client's connection behind what was sent to it. The server's goes on until the response under way is
   * over.
   * @param isHeard what the client has sent, and waits, goes to the server then
   * @param lastBytes go to the client before its connection closes
   */
  part(isHeard: boolean, lastBytes: Buffer | null): void {
    const { requests, responses, connections } = this.session;
    this.close();
    this.hasParted = true;
    this.isHeard = isHeard;
    if (!isHeard) requests.close();
    responses.part();
    connections.part(lastBytes);
    this.session.parted();
  }

  /** The response is over: the server gets what the client said last, and the client's end. */
  goOn(): void {
    if (this.isHeard) this.session.requests.endBehindHeld();
    else this.session.connections.endUpstream();
    this.awaitServer();
  }

  /** Nothing is waited for any more. */
  close(): void {
    clearTimeout(this.timer);
  }

  /** As long as something goes to the client, it is taken for one that has said all and still reads. */
  private awaitServer(): void {
    const { connections, shared } = this.session;
    const sentBytes = connections.writtenBytes.bytesToClient;
    this.close();
    this.timer = setTimeout(() => this.session.contain(() => {
      if (connections.writtenBytes.bytesToClient > sentBytes) this.awaitServer();
      else this.giveUpServer();
    }), shared.config.drain.timeMs);
  }

  private giveUpServer(): void {
    const { id, shared, connections } = this.session;
    const message = 'a client has closed, and the server has not answered and closed within drain.time';
    shared.occasions.warn('late server', { session: id, client: connections.clientAddress }, message);
    this.session.destroy(message, ['client', 'closed']);
  }
}
