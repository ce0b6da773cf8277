// Leases: a total for all workers, from which the primary lends. Each worker uses only what it has been lent.
//
//     |- lent to 1 -|- lent to 2 -|- lent to 3 -|------- free -------|      lent + free = total, always
//     [ used ..|.. ]                                                 held = lent, except for messages under way
//
// A worker asks before it needs more, and gives back what it no longer needs. At most one lease of its part is unused.
// So it may be refused a little before the total is used up, and never afterwards. This file is pure: its user carries
// the messages.

/** The number of leases in a worker's equal share of the total. */
const LEASES_PER_SHARE = 16;
const LARGEST_LEASE = 1024 * 1024;

/** The size of one lease. It is so small that unused parts of the other workers do not matter. */
export function leaseSize(total: number, workers: number): number {
  return Math.max(1, Math.min(LARGEST_LEASE, Math.floor(total / (LEASES_PER_SHARE * workers))));
}

/** Lends parts of a total, and never more than the total. */
export class Lessor {
  private readonly lent = new Map<number, number>();
  private lentInAll = 0;

  /** @param total may be changed; if more is lent than a new total, the excess comes back over time */
  constructor(public total: number) {}

  /** The amount lent to a borrower. */
  lentTo(borrower: number): number {
    return this.lent.get(borrower) ?? 0;
  }

  /** Lends the wanted amount, or the free rest of it. Returns the amount. */
  lend(borrower: number, wanted: number): number {
    const granted = Math.max(0, Math.min(wanted, this.total - this.lentInAll));
    this.add(borrower, granted);
    return granted;
  }

  takeBack(borrower: number, amount: number): void {
    this.add(borrower, -Math.min(amount, this.lentTo(borrower)));
  }

  /** A borrower has ended. Its whole amount is free again. */
  forget(borrower: number): void {
    this.add(borrower, -this.lentTo(borrower));
    this.lent.delete(borrower);
  }

  private add(borrower: number, amount: number): void {
    this.lent.set(borrower, this.lentTo(borrower) + amount);
    this.lentInAll += amount;
  }
}

/** The channel from a lessee to its lessor. */
export interface LeaseLine {
  /** The lessor answers with `granted`. */
  ask(amount: number): void;
  giveBack(amount: number): void;
}

/** Holds a lent amount, and keeps it close to the used amount. */
export class Lessee {
  /** The amount that may be used. */
  held = 0;
  private asked = 0;
  /** The last answer was less than requested. Until that changes, the lessee does not ask ahead of need. */
  private isShort = false;

  /** @param size of one lease */
  constructor(public size: number, private readonly line: LeaseLine) {}

  /** Whether the lessor has nothing more to lend. */
  get isRefused(): boolean {
    return this.isShort && this.asked === 0;
  }

  /** Sets the used amount. Asks for more or gives some back, if that is due. */
  adapt(used: number): void {
    const unused = this.held - used;
    if (unused >= 2 * this.size) {
      this.giveBack((Math.floor(unused / this.size) - 1) * this.size);
    } else if (this.asked === 0 && (unused < 0 || (!this.isShort && unused < this.size / 2))) {
      this.asked = this.size * Math.ceil((this.size / 2 - unused) / this.size);
      this.isShort = false;
      this.line.ask(this.asked);
    }
  }

  /** The lessor's answer. */
  granted(amount: number): void {
    this.held += amount;
    this.isShort = amount < this.asked;
    this.asked = 0;
  }

  /** Gives everything back, because nothing will be used again. */
  giveBackAll(): void {
    if (this.held > 0) this.giveBack(this.held);
  }

  private giveBack(amount: number): void {
    this.held -= amount;
    this.isShort = false;
    this.line.giveBack(amount);
  }
}
