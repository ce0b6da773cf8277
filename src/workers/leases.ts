// What is counted over all workers is lent to them: the primary has it all, and each worker uses only what it holds.
//
//     |- lent to 1 -|- lent to 2 -|- lent to 3 -|------- free -------|      lent + free = total, always
//     [ used ..|.. ]                                                 held = lent, but for what is on its way
//
// A worker asks before it needs more, and gives back what it needs no more: of what it holds, at most one lease is
// unused. So it may be refused a little before the total is used up, and never afterwards. Pure: whoever uses this
// carries the messages.

/** Of so many leases a worker's even share of the total is made. */
const LEASES_PER_SHARE = 16;
const LARGEST_LEASE = 1024 * 1024;

/** How much is lent at once: little enough that what lies unused with the others does not matter. */
export function leaseSize(total: number, workers: number): number {
  return Math.max(1, Math.min(LARGEST_LEASE, Math.floor(total / (LEASES_PER_SHARE * workers))));
}

/** Lends what there is, and never more. */
export class Lessor {
  private readonly lent = new Map<number, number>();
  private lentInAll = 0;

  /** @param total may be changed: what is lent beyond it comes back as it is given back */
  constructor(public total: number) {}

  /** How much a borrower has. */
  lentTo(borrower: number): number {
    return this.lent.get(borrower) ?? 0;
  }

  /** Lends as much as there is of what is wanted, and says how much that is. */
  lend(borrower: number, wanted: number): number {
    const granted = Math.max(0, Math.min(wanted, this.total - this.lentInAll));
    this.add(borrower, granted);
    return granted;
  }

  takeBack(borrower: number, amount: number): void {
    this.add(borrower, -Math.min(amount, this.lentTo(borrower)));
  }

  /** A borrower is no more: all that it had is free. */
  forget(borrower: number): void {
    this.add(borrower, -this.lentTo(borrower));
    this.lent.delete(borrower);
  }

  private add(borrower: number, amount: number): void {
    this.lent.set(borrower, this.lentTo(borrower) + amount);
    this.lentInAll += amount;
  }
}

/** How a lessee speaks to its lessor. */
export interface LeaseLine {
  /** Is answered with `granted`. */
  ask(amount: number): void;
  giveBack(amount: number): void;
}

/** Holds what was lent, and keeps that close to what is used. */
export class Lessee {
  /** May be used. */
  held = 0;
  private asked = 0;
  /** The last answer brought less than was asked for: nothing is asked for ahead of need. */
  private isShort = false;

  /** @param size of a lease */
  constructor(public size: number, private readonly line: LeaseLine) {}

  /** Whether the lessor has said that there is no more. */
  get isRefused(): boolean {
    return this.isShort && this.asked === 0;
  }

  /** So much is used now: asks for more, or gives back, where that is due. */
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

  /** Nothing is used any more, and nothing is going to be. */
  giveBackAll(): void {
    if (this.held > 0) this.giveBack(this.held);
  }

  private giveBack(amount: number): void {
    this.held -= amount;
    this.isShort = false;
    this.line.giveBack(amount);
  }
}
