import type { Exchange } from '../ledger.js';
import type { WorldRun } from '../runWorld.js';
import { kindOf } from './oracle.js';
import { settingsInForce } from './settingsInForce.js';

/**
 * A statement is refused exactly while a rule that refuses it is in force: up to the rule's end on Sluice's clock,
 * which may be set, and again if the clock is set back. Only plain statements are checked, about which one rule
 * decides.
 */
export const checkRefusals = (run: WorldRun): void => {
  const { ledger, violations } = run;
  const settings = settingsInForce(run);
  for (const { user, exchanges } of ledger.connections) {
    for (const exchange of exchanges) {
      const { askedAtMs, arrivedAtMs, overAtMs } = exchange;
      if (!isPlain(exchange)) continue;
      const wasRefused = exchange.error?.message.includes(REFUSED) === true;
      if (!wasRefused && arrivedAtMs === null) continue;
      const toMs = arrivedAtMs ?? overAtMs;
      const verdicts = settings.filter((one) => one.fromMs <= toMs && one.toMs >= askedAtMs)
        .map(({ config }) => config.rules.some((rule) => refuses(rule, exchange)));
      if (verdicts.includes(wasRefused)) continue;
      const text = wasRefused ? 'is refused, and no rule that refuses it is in force' : 'is run, and a rule refuses it';
      violations.add('refusals', `${user}, ${exchange.name} ${text}`);
    }
  }
};

const REFUSED = 'statement refused';

const isPlain = ({ what: { name, statement } }: Exchange): boolean =>
  name === 'query' && (statement?.verb === 'call' || statement?.verb === 'update');

type Rule = WorldRun['settings'][number]['config']['rules'][number];

const refuses = ({ action, mode, match }: Rule, { what: { statement } }: Exchange): boolean =>
  action === 'refuse' && mode === 'enforce' && match.statement?.includes(kindOf(statement!) as never) === true;
