import { otherPeer, type Peer } from './peer.js';

/**
 * The numbers of compressed frames on the two connections of a session. The first frame of a command has number 0. From
 * there the numbers count on through both directions, and each end checks them. The two connections agree as long as
 * Sluice passes each frame on as it came. If Sluice splits a frame or inserts one, the numbers differ until the command
 * is answered, and Sluice renumbers the frames.
 */
export class FrameNumbers {
  /**
   * The last number on each connection. It belongs to the command that is being answered, or else to the last one that
   * was sent.
   */
  private readonly last: Record<Peer, number> = { client: 0, server: 0 };

  /** @param isAnswering whether a part of a response has come, and not all of it has been passed on */
  constructor(private readonly isAnswering: () => boolean) {}

  /** Whether frames have to be renumbered. */
  get differ(): boolean {
    return this.last.client !== this.last.server;
  }

  /** A command begins in a new frame. Returns its number. */
  restart(): number {
    return this.ask(0);
  }

  /**
   * Notes a frame of a command on its way to the server and returns its number, which is the same on both connections.
   */
  ask(number: number): number {
    if (!this.isAnswering()) this.last.client = this.last.server = number;
    return number;
  }

  /**
   * Notes the first frame of a response. The response before it has ended the count, and a server counts anew for each
   * command that was sent ahead. Returns the frame's number, which is also its number on the other connection.
   */
  begin(number: number): number {
    this.last.client = this.last.server = number;
    return number;
  }

  /**
   * Notes a frame of a response, or of an upload that the response asked for, on its way to the other connection.
   * Returns its number there. A frame whose number does not continue the count keeps its own.
   */
  relay(from: Peer, number: number): number {
    const to = otherPeer(from);
    const relayed = number === next(this.last[from]) ? next(this.last[to]) : number;
    this.last[from] = number;
    this.last[to] = relayed;
    return relayed;
  }

  /** Notes a frame that came from a connection and is not passed on. */
  drop(from: Peer, number: number): void {
    this.last[from] = number;
  }

  /** Notes a frame that Sluice inserts on a connection. Returns its number. */
  insert(to: Peer): number {
    this.last[to] = next(this.last[to]);
    return this.last[to];
  }
}

function next(number: number): number {
  return (number + 1) & 0xff;
}
