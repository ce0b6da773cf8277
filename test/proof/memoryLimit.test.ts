import t from 'tap';
import { ClientError } from '../../src/demo/client.js';
import { type AdministeredProgram, startAdministered } from '../admin/administered.js';
import { makeMemoryCgroup } from '../support/kernelCgroup.js';
import { startServer } from '../support/servers.js';
import { IS_WHOLE } from './scale.js';

// Sluice in a control group whose memory limit the kernel holds: it has to refuse sessions before the kernel ends it.

const MIB = 2 ** 20;

/** The number of processes, and the memory limit of the group that has all of them. */
const SMALL = { workers: 1, limitMiB: 128 };
const LARGER = [{ workers: 1, limitMiB: 512 }, { workers: 2, limitMiB: 384 }];

/** A result that takes 2 MiB while it is held back, and does not end: the server sleeps before its last row. */
const HELD_MIB = 2;
const HELD = `SELECT REPEAT('x', ${MIB}), IF(id > ${HELD_MIB}, SLEEP(1000), 0) FROM shop.numbers WHERE id <= ${HELD_MIB + 1}`;

/** Connects clients whose results are held back, until one is refused. Returns the refusal. */
const fill = async ({ connect, metric }: AdministeredProgram, most: number): Promise<unknown> => {
  for (let count = 1; count <= most; count += 1) {
    try {
      const client = await connect();
      client.query(HELD).catch(() => {}); // it ends with the program
    } catch (error) {
      return error;
    }
    while (await metric('sluice_budget_used_bytes') < count * HELD_MIB * MIB);
  }
  return `${most} clients are connected, and none was refused`;
};

const server = await startServer(t, 'mariadb');
await server.sql("CREATE DATABASE demo; CREATE USER demo@'%'; GRANT SELECT ON *.* TO demo@'%'");

for (const { workers, limitMiB } of IS_WHOLE ? [SMALL, ...LARGER] : [SMALL]) {
  const group = makeMemoryCgroup(t, limitMiB * MIB);
  const skip = typeof group === 'string' && group;
  await t.test(`the kernel does not end ${workers} process(es) with ${limitMiB} MiB full of results`, { skip }, async (t) => {
    if (typeof group === 'string') return;
    const started = await startAdministered(
      t, {
        upstream: `127.0.0.1:${server.port}`, workers, connections: { max: 'auto' },
        onExceed: { action: 'hold' }, budget: { bytes: '16GiB' },
      }, group.within,
    );
    const { program, ask, connect, metric } = started;
    const { msg } = await program.said(/^config: connections\.max: "auto" is \d+/);
    t.match(msg, `as the container of Sluice may use ${limitMiB}MiB of memory`);
    const [, max] = /is (\d+)/.exec(String(msg)) ?? [];
    const early = await connect();

    const refused = await fill(started, Number(max) - 1);
    t.match(refused, ClientError);
    t.match(refused, { serverError: { code: 1040, message: /: the memory limit of Sluice is near$/ } });
    t.ok(await metric('sluice_memory_refusals_total') > 0, 'it is counted');
    t.ok(await metric('sluice_container_memory_used_bytes') > 0.8 * limitMiB * MIB);
    t.equal(await metric('sluice_container_memory_limit_bytes'), limitMiB * MIB);
    t.match(await program.said(/^the memory limit is near: a client is turned away$/), { limitBytes: limitMiB * MIB });
    const { events } = JSON.parse((await ask('/live')).body) as { events: object[] };
    t.match(events.at(-1), { kind: 'turned-away', reason: 'memory', limitBytes: limitMiB * MIB });

    t.match(await early.query('SELECT id FROM shop.numbers LIMIT 900'), { rows: 900, error: null }, 'who is there goes on');
    t.equal(group.oomKills(), 0, 'the kernel has ended nothing');
    t.equal(await metric('sluice_worker_restarts_total'), 0);
  });
}
