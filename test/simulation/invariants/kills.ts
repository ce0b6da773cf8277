import type { Exchange, Ledger } from '../ledger.js';
import type { Violations } from '../violations.js';
import type { InForce, Judged } from './judged.js';

/** The commands under way at the time of an order to kill. If Sluice showed a statement, only that one. */
export type AskedKill = ReadonlySet<Exchange>;

const KILLED = /^sluice: the statement was killed on request/;

/**
 * No kill hits another's statement: each one that was killed was cut with `kill` set, and only reads; or an
 * administrator has asked for that.
 */
export const checkKills = (
  judged: readonly Judged[], { connections }: Ledger, settings: readonly InForce[], asked: readonly AskedKill[],
  violations: Violations,
): void => {
  for (const { user, exchanges, hasLostProcess } of connections) {
    for (const exchange of exchanges) {
      const wasAsked = asked.some((underWay) => underWay.has(exchange));
      if (KILLED.test(exchange.error?.message ?? '') && !wasAsked) {
        violations.add('kills', `${user}, ${exchange.name} was cut on request, and nobody has asked for that`);
      }
      if (exchange.killedAtMs === null) continue;
      const own = judged.find(({ usage }) => usage.exchanges.includes(exchange));
      // The rest of a response is treated as the settings of its cut say, whatever those of its limit were.
      const mayKill = settings.some(({ fromMs, config }) => fromMs <= exchange.killedAtMs! && config.kill !== null);
      const wasCut = own !== undefined && mayKill &&
        (hasLostProcess || own.hasRecord(({ action }) => action === 'cut'));
      if (wasAsked || wasCut) continue;
      violations.add('kills', `${user}, ${exchange.name} was killed, and nobody wanted that`);
    }
  }
};
