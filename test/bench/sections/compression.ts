import { connectOptions } from '../../support/clients.js';
import { runOk } from '../../support/run.js';
import { APP } from '../../support/seed.js';
import { commandLineOf, MYSQL9_ENV, type ServerKind } from '../../support/servers.js';
import { type Bench, cpuReading, type Load, measured } from '../bench.js';
import { type Competitor, REFERENCE } from '../competitors.js';
import type { Reading } from '../results.js';
import type { Relay } from '../relays.js';

export const COMPRESSION_SECTION = 'features: compression';

/** The cost of following a compressed connection, and of stripping compression, with a real client and server. */
export const compression = async (
  bench: Bench, variant: (name: string, config: object) => Competitor, plain: string,
): Promise<void> => {
  const { port } = await bench.database('mariadb');
  const loads = [
    commandLineLoad(bench, 'mariadb', 'a client that does not compress', []),
    commandLineLoad(bench, 'mariadb', 'a client that compresses', ['--compress']),
  ];
  await bench.interleave(COMPRESSION_SECTION, port, loads, [
    variant(plain, {}),
    variant('kept from compressing', { compression: 'strip' }),
    ...bench.competitors.filter(({ name }) => name === REFERENCE),
  ]);
};

/** A large result, read row by row by a vendor's command line with these flags. */
export const commandLineLoad = (bench: Bench, vendor: ServerKind, subject: string, flags: readonly string[]): Load => ({
  subject,
  run: (relay) => readWithCommandLine(bench, relay, vendor, flags),
});

const readWithCommandLine = async (
  bench: Bench, relay: Relay, vendor: ServerKind, flags: readonly string[],
): Promise<Reading[]> => {
  let bytes = 0;
  const startedAtMs = performance.now();
  const { cpuSeconds, elapsedSeconds } = await measured(relay, async () => {
    await runOk(commandLineOf(vendor), [...connectOptions(vendor, relay.port), '--batch', '--quick', ...flags,
      `--execute=${statement(bench.scale.serverBytes.small)}`, APP.schema], {
      env: MYSQL9_ENV,
      onStdout: (chunk) => {
        bytes += chunk.length;
      },
    });
    return { count: 1, bytes, elapsedSeconds: (performance.now() - startedAtMs) / 1000 };
  });
  return [
    ...cpuReading('cpuPerGb', cpuSeconds, bytes / 1e9),
    { metric: 'throughput', value: bytes / 1e9 / elapsedSeconds },
  ];
};

const ROW_BYTES = 50;

/** Rows that compress about as well as those of an application: to a third of their size. */
const statement = (bytes: number): string =>
  'SELECT a.id, LEFT(SHA2(a.id + b.id, 256), 32), a.label FROM numbers a, numbers b ' +
  `LIMIT ${Math.ceil(bytes / ROW_BYTES)}`;
