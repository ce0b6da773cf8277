import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVER_KINDS } from '../../support/servers.js';
import { type Bench, cpuReading, measured, timeReadings } from '../bench.js';
import { DIRECT, SLUICE } from '../competitors.js';
import { type Relay, startDirect, startSluiceWith } from '../relays.js';
import type { Reading } from '../results.js';

export const AUDIT_SECTION = 'audit mode';

/** The reference of this section. */
export const BELOW = 'below the limit';

const SQL = 'SELECT id, label FROM numbers LIMIT 2';

/** Answers of two rows in audit mode with a limit of one row: each leaves a record, and none waits for it. */
export const auditMode = async (bench: Bench): Promise<void> => {
  for (const kind of SERVER_KINDS) {
    const { port } = await bench.database(kind);
    const scope = bench.nested();
    const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
    scope.teardown(() => rm(folder, { recursive: true, force: true }));
    const audit = { mode: 'audit', audit: { to: join(folder, 'audit.jsonl') } };
    const below = await startSluiceWith(audit)(scope, port);
    const over = await startSluiceWith({ ...audit, limits: { rows: 1 } })(scope, port);
    const direct = await startDirect(scope, port);
    const subject = `${kind}, answers of two rows, --max-rows 1`;
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.say(`${AUDIT_SECTION}, ${subject}: round ${round + 1} of ${bench.rounds}`);
      let belowMs = NaN;
      const run = (relay: Relay, more: (medianMs: number) => Reading[]) => async (): Promise<Reading[]> => {
        const { times, count, cpuSeconds } = await ask(bench, relay);
        return [
          ...timeReadings(times!), ...more(times!.medianMs), ...cpuReading('cpuPerQuery', cpuSeconds, count, 1e6)
        ];
      };
      const keepBelow = (medianMs: number): Reading[] => {
        belowMs = medianMs;
        return [];
      };
      const added = (medianMs: number): Reading[] => [{ metric: 'addedMs', value: medianMs - belowMs }];
      await bench.measure(AUDIT_SECTION, { subject, run: run(direct, () => []) }, DIRECT, direct);
      await bench.measure(AUDIT_SECTION, { subject, run: run(below, keepBelow) }, BELOW, below);
      await bench.measure(AUDIT_SECTION, { subject, run: run(over, added) }, SLUICE, over);
    }
    await scope.close();
  }
};

const ask = async (bench: Bench, relay: Relay) => {
  const drivers = await bench.drivers;
  const order = { kind: 'time', port: relay.port, sql: SQL, seconds: bench.scale.pointSeconds } as const;
  return measured(relay, () => drivers.one(order));
};
