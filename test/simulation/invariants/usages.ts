import { HEADER_BYTES } from '../../../src/protocol/framing.js';
import type { ConnectionLedger, Exchange, Ledger } from '../ledger.js';
import type { StatementPlan } from '../plan.js';

/**
 * The part of a conversation that one limit counts: the response to one command, or an execution with a cursor and all
 * its fetches.
 */
export class UsageLedger {
  constructor(
    readonly connection: ConnectionLedger, readonly statement: StatementPlan, readonly exchanges: readonly Exchange[],
  ) {}

  get first(): Exchange {
    return this.exchanges[0]!;
  }

  get last(): Exchange {
    return this.exchanges.at(-1)!;
  }

  get name(): string {
    return `${this.connection.user}, ${this.first.name}`;
  }

  /** Rows come from a cursor on the server. */
  get isCursor(): boolean {
    return this.exchanges.some(({ what }) => what.name === 'fetch');
  }

  get isPrepared(): boolean {
    return this.first.what.name === 'execute';
  }

  get received(): { rows: number, bytes: number } {
    return {
      rows: sum(this.exchanges, ({ receivedRows }) => receivedRows),
      bytes: sum(this.exchanges, ({ receivedRowBytes }) => receivedRowBytes),
    };
  }

  /**
   * What the client has got up to the last row of an answer that `isJudged`.
   * @param isJudged says of an answer of the statement, counted from 0, whether its rows may be cut
   */
  receivedUpTo(isJudged: (answer: number) => boolean): { rows: number, bytes: number } {
    const now = { rows: 0, bytes: 0 };
    let judged = { ...now };
    for (const { sent, received } of this.exchanges) {
      let answer = 0;
      for (const { kind, payload } of sent.slice(0, received)) {
        if (kind === 'end') answer += 1;
        if (kind !== 'row') continue;
        now.rows += 1;
        now.bytes += HEADER_BYTES + payload.length;
        if (isJudged(answer)) judged = { ...now };
      }
    }
    return judged;
  }

  get sent(): { rows: number, bytes: number } {
    return {
      rows: sum(this.exchanges, ({ sentRows }) => sentRows),
      bytes: sum(this.exchanges, ({ sentRowBytes }) => sentRowBytes),
    };
  }

  /** Sluice's own error about it; null if it got none. */
  get error(): string | null {
    return this.exchanges.find(({ error }) => error !== null)?.error?.message ?? null;
  }

  get isCut(): boolean {
    return this.error !== null && CUTS.test(this.error);
  }

  /** The client has not seen how it ends. */
  get isLost(): boolean {
    return this.exchanges.some(({ end }) => end === null || end === 'lost');
  }

  get hasArrived(): boolean {
    return this.first.arrivedAtMs !== null;
  }

  /** The server has sent all of it. */
  get isAnswered(): boolean {
    return this.exchanges.every(({ isAnswered }) => isAnswered);
  }
}

/** The errors with which a result is cut. */
const CUTS = /^sluice: (result set exceeds|results under way exceed|the statement was killed on request)/;

const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((total, one) => total + of(one), 0);

/** All usages, in the order in which their clients have asked. */
export const usagesOf = ({ connections }: Ledger): UsageLedger[] => connections.flatMap((connection) => {
  const groups = new Map<string, Exchange[]>();
  for (const exchange of connection.exchanges) {
    const { what: { statement, counts, name, execution } } = exchange;
    if (!counts || statement === null) continue;
    const key = `${name === 'query' ? 'query' : 'execution'} ${statement.tag} ${execution}`;
    groups.set(key, [...groups.get(key) ?? [], exchange]);
  }
  return [...groups.values()].map((exchanges) =>
    new UsageLedger(connection, exchanges[0]!.what.statement!, exchanges));
});
