/** One of the two connections of a session. */
export type Leg = 'client' | 'server';

/**
 * The numbers of compressed frames on both legs. A command's first frame has number 0; from there they count on
 * through both directions, and each end checks them. As long as frames pass as they came, the two legs agree. Where
 * one frame becomes two, or one is put in, they differ until that command is answered, and frames are renumbered.
 */
export class FrameNumbers {
  /** What came last on each leg of the command that is being answered; where none is, of the one that was sent last. */
  private readonly last: Record<Leg, number> = { client: 0, server: 0 };

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

  /** A frame of a command goes to the server; it has the same number on both legs. Returns it. */
  ask(number: number): number {
    if (!this.isAnswering()) this.last.client = this.last.server = number;
    return number;
  }

  /**
   * The first frame of a response comes: with the response before it the count has ended, and a server counts afresh
   * for each command that was sent ahead. Returns the number that it has on the other leg, too.
   */
  begin(number: number): number {
    this.last.client = this.last.server = number;
    return number;
  }

  /**
   * A frame of a response, or of an upload that it asked for, goes from one leg to the other. Returns the number that
   * it gets there. One that does not follow on what came before keeps its own.
   */
  relay(from: Leg, number: number): number {
    const to = otherLeg(from);
    const relayed = number === next(this.last[from]) ? next(this.last[to]) : number;
    this.last[from] = number;
    this.last[to] = relayed;
    return relayed;
  }

  /** A frame that came from a leg goes no further. */
  drop(from: Leg, number: number): void {
    this.last[from] = number;
  }

  /** A frame is put in on a leg. Returns its number. */
  insert(to: Leg): number {
    this.last[to] = next(this.last[to]);
    return this.last[to];
  }
}

function next(number: number): number {
  return (number + 1) & 0xff;
}

/** The leg at the other end. */
export function otherLeg(leg: Leg): Leg {
  return leg === 'client' ? 'server' : 'client';
}
