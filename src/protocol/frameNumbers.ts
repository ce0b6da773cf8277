import { otherPeer, type Peer } from './peer.js';

/**
 * The numbers of compressed frames on both connections. A command's first frame has number 0; from there they count on
 * through both directions, and each end checks them. As long as frames pass as they came, the two connections agree.
 * Where one frame becomes two, or one is put in, they differ until that command is answered, and frames are renumbered.
 */
export class FrameNumbers {
  /** What came last on each connection: of the command that is being answered, else of the one that was sent last. */
  private readonly last: Record<Peer, number> = { client: 0, server: 0 };

  /** @param isAnswering whether part of a response has come and not all of it has gone on: commands are sent ahead */
  constructor(private readonly isAnswering: () => boolean) {}

  /** Whether frames have to be renumbered. */
  get differ(): boolean {
    return this.last.client !== this.last.server;
  }

  /** A command begins in a new frame. Returns its number. */
  restart(): number {
    return this.ask(0);
  }

  /** A frame of a command goes to the server; it has the same number on both connections. Returns it. */
  ask(number: number): number {
    if (!this.isAnswering()) this.last.client = this.last.server = number;
    return number;
  }

  /**
   * The first frame of a response comes: with the response before it the count has ended, and a server counts afresh
   * for each command that was sent ahead. Returns the number that it has on the other connection, too.
   */
  begin(number: number): number {
    this.last.client = this.last.server = number;
    return number;
  }

  /**
   * A frame of a response, or of an upload that it asked for, goes from one connection to the other. Returns the number
   * that it gets there. One that does not follow on what came before keeps its own.
   */
  relay(from: Peer, number: number): number {
    const to = otherPeer(from);
    const relayed = number === next(this.last[from]) ? next(this.last[to]) : number;
    this.last[from] = number;
    this.last[to] = relayed;
    return relayed;
  }

  /** A frame that came from a connection goes no further. */
  drop(from: Peer, number: number): void {
    this.last[from] = number;
  }

  /** A frame is put in on a connection. Returns its number. */
  insert(to: Peer): number {
    this.last[to] = next(this.last[to]);
    return this.last[to];
  }
}

function next(number: number): number {
  return (number + 1) & 0xff;
}
