import { IN_CLEAR } from '../../support/sluice.js';
import { type Bench, cpuReading, type Load, measured, timeReadings } from '../bench.js';
import { type Competitor, DIRECT } from '../competitors.js';
import { startSluiceWith } from '../relays.js';
import { commandLineLoad } from './compression.js';

export const CLIENT_TLS_SECTION = 'TLS to clients';

const modeOf = (mode: 'auto' | 'off'): Competitor => ({
  name: `listen.tls.mode ${mode}`, version: '',
  start: startSluiceWith({ listen: { ...IN_CLEAR.listen, tls: { mode } } }),
});

/** The reference of this section. */
export const TLS_OFF = modeOf('off').name;

/**
 * The cost of offering TLS by default, to clients that accept it whenever it is offered, as MySQL's do. The connection
 * to the server is in clear.
 */
export const clientTls = async (bench: Bench): Promise<void> => {
  const { port } = await bench.database('mysql');
  const read = commandLineLoad(bench, 'mysql', 'a large result', ['--ssl-mode=PREFERRED']);
  const direct = bench.competitors.filter(({ name }) => name === DIRECT);
  await bench.interleave(CLIENT_TLS_SECTION, port, [logins(bench), read], [modeOf('off'), modeOf('auto'), ...direct]);
};

/** One client after the other logs in, encrypted where that is offered. */
export const logins = (bench: Bench, subject = 'connect and log in'): Load => ({
  subject,
  run: async (relay) => {
    const drivers = await bench.drivers;
    const order = { kind: 'timeLogins', port: relay.port, seconds: bench.scale.churnSeconds } as const;
    const { times, count, cpuSeconds } = await measured(relay, () => drivers.one(order));
    return [...timeReadings(times!), ...cpuReading('cpuPerSession', cpuSeconds, count, 1e6)];
  },
});
