import type { EndLabel } from '../../telemetry/metrics.js';
import { CLOSED, endOf, leavingEnd, QUIT, type SessionEnd } from '../connection/sessionEnd.js';
import type { SessionControls } from './sessionControls.js';
import type { Timer } from '../../world/time.js';
import { world } from '../../world/world.js';

/** The end of a session, and the rest of the server's connection after its client has left or was let go. */
export class Departure {
  /** Null until the session's end has a cause. */
  end: SessionEnd | null = null;
  /** The client's connection is closed or closing, and the server's connection continues. */
  hasParted = false;
  /** The server still gets the last bytes that the client has sent. */
  private isHeard = true;
  private timer: Timer | undefined;

  constructor(private readonly session: SessionControls) {}

  /** Notes who ends the session, and the reason. The first note counts. */
  note(label: EndLabel, reason: string): void {
    const { hasQuit, server } = this.session.conversation;
    // After COM_QUIT the server often closes before the client does. Even so the client has ended the session.
    const isGoodbye = hasQuit && server.usage === null && label[0] !== 'sluice';
    this.end ??= isGoodbye ? QUIT : endOf(label, reason);
  }

  /** Notes that the client has left. The first note counts. Returns the end that counts. */
  noteLeaving(): SessionEnd {
    return (this.end ??= leavingEnd(this.session.conversation.hasQuit, this.session.handshakeWith));
  }

  /** The client sends no more (FIN). It may still wait for an answer of the server. */
  clientEnded(): void {
    this.noteLeaving();
    // During a TLS handshake a FIN cannot be relayed.
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

  /** Ends the session if its client, which was not read for drain.time, has gone in the meantime. */
  lookForClient(): void {
    const { connections } = this.session;
    if (!connections.clientTcp.writableEnded) connections.clientTcp.write(''); // fails if the connection was reset
    connections.clientQueue.look().then(({ hasClientEnded }) => {
      if (hasClientEnded && !this.session.runsOn) this.session.contain(() => this.giveUpServer());
    }).catch((error: unknown) => this.session.threw(error));
  }

  /** The client has left during the discarding of a cut response. */
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
   * Closes the client's connection after the bytes that were sent to it. The server's connection continues until the
   * end of the response under way.
   * @param isHeard at that end the server gets the bytes of the client that still wait
   * @param lastBytes the last bytes for the client; null for none
   */
  part(isHeard: boolean, lastBytes: Buffer | null): void {
    const { requests, responses, connections } = this.session;
    this.close();
    this.hasParted = true;
    this.isHeard = isHeard;
    if (!isHeard) requests.flow.close();
    responses.part();
    connections.part(lastBytes);
    this.session.parted();
  }

  /** The response is over: the server gets the last bytes of the client, and its FIN. */
  goOn(): void {
    if (this.isHeard) this.session.requests.endBehindUndecided();
    else this.session.connections.endUpstream();
    this.awaitServer();
  }

  /** Stops the timer. */
  close(): void {
    world.cancel(this.timer);
  }

  /** Gives the server up after drain.time, or later if the client was sent more bytes within that time. */
  private awaitServer(): void {
    const { connections, shared } = this.session;
    const sentBytes = connections.writtenBytes.bytesToClient;
    this.close();
    this.timer = world.after(shared.config.drain.timeMs, () => this.session.contain(() => {
      if (connections.writtenBytes.bytesToClient > sentBytes) this.awaitServer();
      else this.giveUpServer();
    }));
  }

  /** A client that was let go still gets its last bytes: they have a bound of their own. */
  private giveUpServer(): void {
    const { id, shared, connections } = this.session;
    const message = 'a client has closed, and the server has not answered and closed within drain.time';
    if (!connections.upstreamTcp.destroyed) {
      shared.occasions.warn('late server', { session: id, client: connections.clientAddress }, message);
    }
    if (this.hasParted) this.dismiss();
    else this.session.destroy(message, ['client', 'closed']);
  }
}
