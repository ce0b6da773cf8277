import t from 'tap';
import { leaseSize, Lessee, Lessor, type LeaseLine } from '../../src/workers/leases.js';
import { Random } from '../support/random.js';

/** A lessor, its lessees, and delayed messages between them. */
class Exchange {
  readonly lessor: Lessor;
  readonly lessees: Lessee[] = [];
  readonly used: number[] = [];
  /** The messages of each lessee on their way to the lessor and back, in order. */
  readonly toLessor: (() => void)[][] = [];
  readonly toLessee: (() => void)[][] = [];

  constructor(readonly total: number, readonly size: number, count: number) {
    this.lessor = new Lessor(total);
    for (let index = 0; index < count; index += 1) this.join(index);
  }

  join(index: number): void {
    const up: (() => void)[] = [];
    const down: (() => void)[] = [];
    const line: LeaseLine = {
      ask: (amount) => up.push(() => {
        const granted = this.lessor.lend(index, amount);
        down.push(() => this.lessees[index]!.granted(granted));
      }),
      giveBack: (amount) => up.push(() => this.lessor.takeBack(index, amount)),
    };
    this.lessees[index] = new Lessee(this.size, line);
    this.used[index] = 0;
    this.toLessor[index] = up;
    this.toLessee[index] = down;
  }

  /** A lessee dies: its messages on their way are lost. */
  replace(index: number): void {
    this.lessor.forget(index);
    this.join(index);
  }

  /** All messages arrive, and those that they cause. */
  settle(): void {
    for (let isMoving = true; isMoving; ) {
      isMoving = false;
      for (const [index, lessee] of this.lessees.entries()) {
        for (const lane of [this.toLessor[index]!, this.toLessee[index]!]) {
          for (let next = lane.shift(); next !== undefined; next = lane.shift()) {
            next();
            isMoving = true;
          }
        }
        lessee.adapt(this.used[index]!);
      }
      isMoving ||= this.toLessor.some(({ length }) => length > 0);
    }
  }

  get held(): number {
    return this.lessees.reduce((sum, { held }) => sum + held, 0);
  }
}

t.test('lends no more than there is, in any order of events', (t) => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = new Random(seed);
    const [total, size, count] = [1 + random.below(5000), 1 + random.below(200), 1 + random.below(6)];
    const exchange = new Exchange(total, size, count);
    for (let step = 0; step < 400; step += 1) {
      const index = random.below(count);
      const lane = (random.chance(0.5) ? exchange.toLessor : exchange.toLessee)[index]!;
      if (random.chance(0.6)) lane.shift()?.();
      else if (random.chance(0.02)) exchange.replace(index);
      else {
        // It may use what it holds, and only ask for more.
        exchange.lessees[index]!.adapt(random.below(total * 1.2));
        exchange.used[index] = Math.min(random.below(total), exchange.lessees[index]!.held);
        exchange.lessees[index]!.adapt(exchange.used[index]);
      }
      const lent = exchange.lessees.reduce((sum, _, each) => sum + exchange.lessor.lentTo(each), 0);
      if (exchange.held > total || lent > total || exchange.held > lent) {
        t.fail(`seed ${seed}, step ${step}: ${exchange.held} held, ${lent} lent of ${total}`);
        t.end();
        return;
      }
    }
    exchange.settle();
    for (const [index, lessee] of exchange.lessees.entries()) {
      const unused = lessee.held - exchange.used[index]!;
      if (unused >= 2 * size) t.fail(`seed ${seed}: ${unused} unused of leases of ${size}`);
      if (lessee.held !== exchange.lessor.lentTo(index)) t.fail(`seed ${seed}: the two disagree`);
    }
  }
  t.pass('200 schedules');
  t.end();
});

t.test('meets a need that there is room for, except what others keep in reserve', (t) => {
  const [total, size, count] = [1600, 10, 4];
  const exchange = new Exchange(total, size, count);
  exchange.settle();
  exchange.used[0] = total - (count - 1) * 2 * size;
  exchange.settle();
  t.ok(exchange.lessees[0]!.held >= exchange.used[0]);
  exchange.used.fill(0);
  exchange.settle();
  t.ok(exchange.held < count * 2 * size, 'and when nothing is used, each has one lease and a part at most');
  t.end();
});

t.test('does not ask again and again after a refusal', (t) => {
  let asked = 0;
  const lessee = new Lessee(10, { ask: () => (asked += 1), giveBack() {} });
  lessee.adapt(0);
  lessee.granted(0);
  t.equal(asked, 1);
  for (let more = 0; more < 5; more += 1) lessee.adapt(0);
  t.equal(asked, 1, 'ahead of need');
  t.ok(lessee.isRefused);
  lessee.adapt(1);
  t.equal(asked, 2, 'and at need it does');
  t.notOk(lessee.isRefused, 'until the answer has come');
  t.end();
});

t.test('lends nothing while more is lent than there is', (t) => {
  const lessor = new Lessor(100);
  t.equal(lessor.lend(1, 80), 80);
  lessor.total = 50;
  t.equal(lessor.lend(2, 10), 0);
  lessor.takeBack(1, 40);
  t.equal(lessor.lend(2, 20), 10);
  t.end();
});

t.test('a lease is a small part of a share, and never nothing', (t) => {
  t.equal(leaseSize(1024, 4), 16);
  t.equal(leaseSize(1, 64), 1);
  t.equal(leaseSize(2 ** 40, 2), 2 ** 20);
  t.end();
});
