import { startServer, SERVER_KINDS, type ServerKind } from '../../support/servers.js';
import { firstThat, ratesFrom } from '../../support/search.js';
import { readSlowly } from '../../support/slowReaders.js';
import type { Bench } from '../bench.js';
import type { Relay } from '../relays.js';
import type { Reading } from '../results.js';

export const SLOWEST_READER_SECTION = 'slowest reader';

/** From 100 to 1,586 KB/s: a search takes five steps. */
const RATES = ratesFrom(100, 30);

interface Path {
  readonly kind: ServerKind;
  readonly name: string;
  readonly relay: Relay;
}

/**
 * The lowest rate at which a client that reads 8 KiB at a time keeps its connection. The more a relay reads ahead of
 * the client, the longer the server waits until it can write again. The search goes in steps of a tenth, for all
 * relays and both servers side by side: readers mostly sleep.
 */
export const slowestReader = async (bench: Bench): Promise<void> => {
  const { netWriteTimeoutSeconds } = bench.scale.slowReader;
  const scope = bench.nested();
  const paths: Path[] = [];
  for (const kind of SERVER_KINDS) {
    const { port } = await startServer(scope, kind, [`--net-write-timeout=${netWriteTimeoutSeconds}`]);
    for (const competitor of bench.competitors) {
      const relay = await bench.start(SLOWEST_READER_SECTION, competitor, scope, port);
      if (relay !== null) paths.push({ kind, name: competitor.name, relay });
    }
  }
  for (let round = 0; round < bench.rounds; round += 1) {
    await Promise.all(paths.map((path) => {
      const subject = `${path.kind}, net_write_timeout ${netWriteTimeoutSeconds} s`;
      const load = { subject, run: () => search(bench, path, round) };
      return bench.measure(SLOWEST_READER_SECTION, load, path.name, path.relay);
    }));
  }
  await scope.close();
};

const search = async (bench: Bench, { kind, name, relay }: Path, round: number): Promise<Reading[]> => {
  const rate = await firstThat(RATES, async (rate) => {
    const [reader] = await readSlowly(relay.port, bench.scale.slowReader.seconds, [rate]);
    if (reader === undefined) throw new Error(`a reader of ${rate} KB/s did not say how it ended`);
    const became = reader.lived ? 'lives' : `is lost after ${reader.seconds} s`;
    bench.say(
      `${SLOWEST_READER_SECTION}, ${kind}, ${name}, round ${round + 1} of ${bench.rounds}: ${rate} KB/s ${became}`,
    );
    return reader.lived;
  });
  if (rate === null) throw new Error(`not even a reader of ${RATES.at(-1)!} KB/s lives`);
  return [{ metric: 'slowestRate', value: rate }];
};
