import type { Random } from './world/random.js';
import type { Ledger } from './ledger.js';
import type { News } from './news.js';
import type { NetEnd } from './world/netEnd.js';
import type { WorldPlan } from './plan.js';
import type { Violations } from './violations.js';

/** What the models of a world need of it. */
export interface Stage {
  readonly plan: WorldPlan;
  readonly news: News;
  readonly ledger: Ledger;
  readonly violations: Violations;
  nowMs(): number;
  /** Calls `work` after this many ms. Returns a function that calls it off. */
  after(ms: number, work: () => void): () => void;
  /** An actor's own stream of random numbers: what one actor draws does not change what another draws. */
  random(actor: string): Random;
  /** Connects a client to Sluice. */
  connect(from: string): NetEnd;
  /** Accepts connections of Sluice at a server, until the returned function is called. */
  listen(server: number, accept: (end: NetEnd) => void): () => void;
}
