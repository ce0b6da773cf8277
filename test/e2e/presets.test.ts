import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { sluice as runSluice } from '../cli/program.js';
import { commandLine, connectOptions } from '../support/clients.js';
import { APP, NUMBERS_ROWS } from '../support/seed.js';
import { startServer } from '../support/servers.js';
import { startSluice, type Sluice } from '../support/sluice.js';

// Each preset as `sluice preset` prints it, with the address of a database. A client sees what `sluice help operations`
// promises. The preset for assistants is proved with their own programs in proof/agents.test.ts.

await t.test('presets in front of a database do what the help promises', async (t) => {
  const server = await startServer(t, 'mariadb');
  const folder = t.testdir({});
  const printed = async (name: string): Promise<string> => (await runSluice(['preset', name])).stdout;
  const startPreset = async (name: string): Promise<Sluice> => {
    const config = JSON.parse(await printed(name)) as object;
    return startSluice(t, { upstream: server.port, config, flags: ['--admin', '127.0.0.1:0'] });
  };
  const read = (sluice: Sluice, ...statements: readonly string[]) =>
    commandLine('mariadb', sluice.port, `${statements.join(';\n')};\nSELECT 42;\n`);

  await t.test('sidecar cuts what is beyond its limits, and lets the rest pass', async (t) => {
    const sluice = await startPreset('sidecar');
    const { rows, errors } = await read(sluice, 'SELECT * FROM numbers', 'SELECT * FROM numbers LIMIT 100000');
    t.match(errors, [{ code: 3170, message: /^sluice: result set exceeds 100000 rows \(rule default\); page it, / }]);
    t.equal(errors.length, 1);
    t.equal(rows.length, 100_000 + 1);
    t.strictSame(rows.at(-1), ['42']);
    await sluice.stop();
    t.strictSame(sluice.records().map(({ action, rows: count }) => [action, count]),
      [['cut', NUMBERS_ROWS], ['sample', 100_000]]);
  });

  await t.test('staging warns of half as much, cuts, and says how the client can stream', async (t) => {
    const sluice = await startPreset('staging');
    const { errors } = await read(sluice, 'SELECT * FROM numbers LIMIT 6000', 'SELECT * FROM numbers');
    const says = 'sluice: staging takes no result of more than 10000 rows (rule default): ' +
      'add a LIMIT, or stream it: mysql --quick';
    t.strictSame(errors.map(({ code, message }) => [code, message.startsWith(says)]), [[3170, true]]);
    await sluice.stop();
    t.strictSame(sluice.records().map(({ action }) => action), ['warn', 'cut']);
  });

  await t.test('audit cuts nothing, and records statements without their literals', async (t) => {
    const sluice = await startPreset('audit');
    const { rows, errors } = await read(sluice, "SELECT * FROM numbers WHERE label <> 'a secret'");
    t.strictSame(errors, []);
    t.equal(rows.length, NUMBERS_ROWS + 1);
    await sluice.stop();
    const digestText = 'SELECT * FROM `numbers` WHERE `label` != ?';
    t.match(sluice.records(), [{ action: 'would-cut', rows: NUMBERS_ROWS, sql: null, digestText }]);
  });

  await t.test('ci finds the same at each run of a command', async (t) => {
    const config = join(folder, 'ci.json');
    writeFileSync(config, await printed('ci'));
    const statements = 'SELECT * FROM numbers WHERE id <= 2000; SELECT COUNT(*) FROM numbers';
    const client = ['mariadb', ...connectOptions('mariadb', 0).filter((option) => !/^--(port|host)=/.test(option))];
    const command = `${client.join(' ')} --host=$MYSQL_HOST -e "${statements}" ${APP.schema} >/dev/null`;
    const flags = ['--config', config, '--upstream', `127.0.0.1:${server.port}`, '--fail-on', 'would-cut'];
    const found = await Promise.all([1, 2].map(async () => {
      const { code, stderr } = await runSluice(['run', ...flags, '--', 'sh', '-c', command]);
      t.equal(code, 3, stderr);
      return stderr;
    }));
    t.match(found[0], /^Policy broken by 1 digest: 2 executions of 2 digests$/m);
    t.match(found[0], / {2}1 result would have been cut\n +Largest: 2,000 rows/);
    t.equal(found[1], found[0]);
  });
});
