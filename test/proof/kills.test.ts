import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { createKiller, KILLER, ProcessWatch } from '../support/accounts.js';
import { runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { startSession } from '../support/session.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { SCALE } from './scale.js';

/** 20 million rows. */
const ENDLESS = 'SELECT a.id, b.id FROM numbers a, numbers b WHERE a.id <= 100';
const IS_RUNNING = "COMMAND <> 'Sleep' AND INFO LIKE 'SELECT a.id, b.id%'";
/** Runs for some milliseconds, so that it is often under way when another statement is killed. */
const STEADY = 'SELECT SUM(id) FROM numbers WHERE id <= 50000';
const STEADY_SECONDS = 500;

const PROGRAMS = new URL('../support/programs/', import.meta.url);
const program = (name: string): string => fileURLToPath(new URL(name, PROGRAMS));
const target = (port: number): string[] => ['127.0.0.1', String(port), APP.user, APP.password, APP.schema];

for (const kind of SERVER_KINDS) {
  await t.test(`cut queries on ${kind}`, async (t) => {
    const server = await startServer(t, kind);
    await createKiller(server);
    const config = { limits: { rows: 1000 }, streaming: { signals: [] }, kill: KILLER };
    const sluice = await startSluice(t, { upstream: server.port, config });

    await t.test(`a query of 20 million rows is gone within ${SCALE.goneMs} ms of the error`, async (t) => {
      const watch = await ProcessWatch.start(server);
      t.teardown(() => watch.close());
      const session = await startSession(t, sluice.port);
      for (let i = 0; i < 3; i += 1) {
        t.match(await session.run(ENDLESS), { error: { code: 3170 } });
        const cutAt = performance.now();
        await watch.until(IS_RUNNING, 0);
        const goneMs = performance.now() - cutAt;
        t.ok(goneMs < SCALE.goneMs, `gone after ${goneMs.toFixed(0)} ms`);
        t.match(await sluice.nextRecord(), { outcome: 'killed' });
        t.match(await session.run('SELECT 42'), { sum: 42, error: null });
      }
    });

    await t.test(`${SCALE.kills} kills interrupt no other statement of the same user`, async (t) => {
      const steady = spawn('/usr/bin/python3',
        [program('steady.py'), String(STEADY_SECONDS), ...target(sluice.port), STEADY]);
      t.teardown(() => steady.kill('SIGKILL'));
      let said = '';
      steady.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      const ended = once(steady, 'close');
      const killed = await runOk('/usr/bin/python3',
        [program('kills.py'), String(SCALE.kills), ...target(sluice.port), ENDLESS]);
      t.same(JSON.parse(killed), { errors: { 3170: SCALE.kills }, answered: SCALE.kills });
      steady.stdin.end();
      await ended;
      const { answers, ...rest } = JSON.parse(said) as { answers: number };
      t.same(rest, { different: 1, errors: [] });
      t.ok(answers > 0, `${answers} statements of the other session were answered meanwhile`);
      for (let i = 0; i < SCALE.kills; i += 1) {
        const { outcome } = await sluice.nextRecord();
        if (outcome !== 'killed') t.equal(outcome, 'killed', `kill ${i + 1}`);
      }
    });

    await t.test('leaves one record for each cut, and no other', async (t) => {
      await sluice.stop();
      t.equal(sluice.records().length, 3 + SCALE.kills);
    });
  });
}
