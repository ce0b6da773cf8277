import { SERVER_KINDS } from '../../support/servers.js';
import { type Attack, SLOW_RULES } from '../attacks.js';
import { type Bench, timeReadings } from '../bench.js';
import { DIRECT, SLUICE } from '../competitors.js';
import { type Relay, startDirect, startSluiceWith } from '../relays.js';

export const ATTACKERS_SECTION = 'beside attackers';

const aloneOf = (name: string): string => `${name}, nobody attacks`;

/** The reference of this section. */
export const ALONE = aloneOf(SLUICE);

const ATTACKS: Readonly<Record<Attack, string>> = {
  quits: 'compressed frames that are full of COM_QUIT',
  schemas: 'COM_INIT_DB and a name of 60 KB, 1,000 rules with globs',
  logins: 'logins with a name of 60 KB, 1,000 rules with globs',
};

/**
 * The latency of a good client's queries, alone and beside clients whose messages cost a relay much. The direct
 * connections show the machine's share of the cost, since attackers need a core as well.
 */
export const attackers = async (bench: Bench): Promise<void> => {
  for (const kind of SERVER_KINDS) {
    const { port } = await bench.database(kind);
    const scope = bench.nested();
    const relays: [string, Relay][] = [
      [DIRECT, await startDirect(scope, port)], [SLUICE, await startSluiceWith(SLOW_RULES)(scope, port)],
    ];
    for (let round = 0; round < bench.rounds; round += 1) {
      for (const [attack, words] of Object.entries(ATTACKS) as [Attack, string][]) {
        const subject = `${kind}, ${words}`;
        bench.say(`${ATTACKERS_SECTION}, ${subject}: round ${round + 1} of ${bench.rounds}`);
        for (const [name, relay] of relays) await compare(bench, subject, attack, name, relay);
      }
    }
    await scope.close();
  }
};

const compare = async (bench: Bench, subject: string, attack: Attack, name: string, relay: Relay): Promise<void> => {
  const drivers = await bench.drivers;
  const { port } = relay;
  const seconds = bench.scale.pointSeconds;
  const order = { kind: 'time', port, sql: 'SELECT 1', seconds } as const;
  let mostAloneMs = NaN;
  const alone = async () => {
    const { times } = await drivers.one(order);
    mostAloneMs = times!.maxMs;
    return timeReadings(times!);
  };
  const beside = async () => {
    const [{ times }, { count }] = await drivers.beside(order, { kind: 'attack', port, attack, seconds });
    if (count === 0) throw new Error('nothing was attacked');
    return [...timeReadings(times!), { metric: 'addedMaxMs', value: times!.maxMs - mostAloneMs } as const];
  };
  await bench.measure(ATTACKERS_SECTION, { subject, run: alone }, aloneOf(name), relay);
  await bench.measure(ATTACKERS_SECTION, { subject, run: beside }, name, relay);
};
