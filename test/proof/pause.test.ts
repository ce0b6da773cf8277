import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { commandLine, startPausingReader } from '../support/clients.js';
import { bigTableSql } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';
import { BIG_ROWS, SCALE } from './scale.js';

const MAX_GROWTH_BYTES = 24 * 1024 * 1024;

// The state in the process list of a connection whose socket is full.
const WRITING = { mariadb: 'Writing to net', mysql: 'Sending to client' } as const;

for (const kind of SERVER_KINDS) {
  await t.test(`a client of ${kind} that pauses after one row of ${SCALE.tableMiB} MiB stops the server`, async (t) => {
    const server = await startServer(t, kind);
    await server.sql(bigTableSql(SCALE.tableMiB));
    const sluice = await startSluice(t, { upstream: server.port, flags: ['--mode', 'audit'] });
    await commandLine(kind, sluice.port, 'SELECT 42;');
    const before = sluice.residentBytes();

    const reader = startPausingReader(t, sluice.port, 'SELECT id, body FROM big');
    const said = createInterface({ input: reader.stdout })[Symbol.asyncIterator]();
    t.equal((await said.next()).value, 'first');
    let most = 0;
    for (const until = Date.now() + SCALE.pauseMs; Date.now() < until; await pause(100)) {
      most = Math.max(most, sluice.residentBytes());
    }
    t.ok(most - before < MAX_GROWTH_BYTES, `the proxy grew by ${((most - before) / 1048576).toFixed(1)} MiB`);
    const processes = await server.sql('SHOW PROCESSLIST');
    const states = processes.filter((fields) => fields.some((field) => field.startsWith('SELECT id, body')));
    t.equal(states.length, 1);
    t.ok(states[0]?.includes(WRITING[kind]), `the server waits for the client: ${states[0]?.join(' | ')}`);

    reader.stdin.write('go on\n');
    const { value: rest } = await said.next();
    t.equal(rest, `${BIG_ROWS} ${(BIG_ROWS * (BIG_ROWS + 1)) / 2}`, 'the rest arrives whole');
  });
}
