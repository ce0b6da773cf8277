import { chmodSync, copyFileSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { CLI } from '../cli/program.js';
import { folderOf, isMissing, runPython } from '../support/drivers.js';
import { hostOfItsOwn } from '../support/hostOfItsOwn.js';
import { startNetworkNamespace } from '../support/networkNamespace.js';
import { blocksIn } from '../support/readme.js';
import { runOk } from '../support/run.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';

// Follows `sluice help ci`: test suites of four languages under `sluice run`, with its commands as it has them.

const SUITES = fileURLToPath(new URL('../fixtures/suites/', import.meta.url));
const JDBC = process.env['SLUICE_JDBC'] ?? '/usr/share/java/mariadb-java-client.jar';
const TOPIC = readFileSync(new URL('../../src/help/ci.md', import.meta.url), 'utf8');

const commands = blocksIn(TOPIC, 'sh').map((block) => block.trim());
/** The workflow and the job file. */
const files = blocksIn(TOPIC, 'yaml');
/** The commands in them, in which a folded text has several lines. */
const jobs = files.map((block) =>
  /^ +(sluice run [^]*?-- npm test)$/m.exec(block)?.[1]?.replaceAll(/\n */g, ' ') ?? '');

/** The schema of each of them, of those that check-jsonschema carries. */
const SCHEMAS = ['vendor.github-workflows', 'vendor.gitlab-ci'];

/** What the environment of the commands has besides. The hosts of the URLs lead to the server itself. */
const VARIABLES = {
  DATABASE_URL: 'mysql+pymysql://app:secret@db.example.com/shop',
  JDBC_URL: 'jdbc:mariadb://db.example.com/shop?user=app&password=secret&allowPublicKeyRetrieval=true',
  GITHUB_STEP_SUMMARY: 'summary.md',
  SIZE: '50',
};

const folder = t.testdir({ bin: {}, work: { classes: {}, lib: {} } });
const work = join(folder, 'work');
const missing = isMissing({ language: 'node' }) || isMissing({ language: 'python' });
const network = await startNetworkNamespace(t);

/** Makes the projects of the topic: all four in one folder. */
const makeProjects = async (): Promise<void> => {
  for (const file of ['orders.test.cjs', 'test_orders.py', 'orders_test.php']) {
    copyFileSync(join(SUITES, file), join(work, file));
  }
  writeFileSync(join(work, 'package.json'), JSON.stringify({ scripts: { test: 'node --test' } }));
  symlinkSync(JDBC, join(work, 'lib/mariadb-java-client.jar'));
  symlinkSync(CLI, join(folder, 'bin/sluice'));
  const python = join(folder, 'bin/python3');
  writeFileSync(python, `#!/bin/sh\nexec '${join(folderOf('python'), 'bin/python')}' -B "$@"\n`);
  chmodSync(python, 0o755);
  symlinkSync(join(folderOf('node'), 'node_modules'), join(work, 'node_modules'));
  await runOk('javac', ['-d', join(work, 'classes'), join(SUITES, 'OrdersTest.java')]);
};

await t.test('the workflow and the job file are valid by their schemas', { skip: missing }, async (t) => {
  const check = (file: string, schema: string) =>
    runPython(['-m', 'check_jsonschema', '--builtin-schema', schema, file]);
  t.equal(files.length, SCHEMAS.length);
  await Promise.all(SCHEMAS.map(async (schema, index) => {
    const file = join(folder, `${schema}.yml`);
    writeFileSync(file, files[index]!);
    t.match(await check(file, schema), { code: 0 }, schema);
    const mistaken = join(folder, `${schema}.mistaken.yml`);
    writeFileSync(mistaken, files[index]!.replace('services:', 'servants:'));
    t.match(await check(mistaken, schema), { code: 1 }, 'a mistake is found');
  }));
});

const skip = missing || (network === null && 'needs root');

await t.test('the commands for CI work as the topic says', { skip }, async (t) => {
  if (network === null) return;
  const made = makeProjects();
  const host = hostOfItsOwn(t, { network, folder: work, bin: join(folder, 'bin'), name: 'db.example.com db' });
  /** Runs a command of the topic. */
  const runAsWritten = (command: string, variables: Partial<typeof VARIABLES> = {}) => {
    const all = Object.entries({ ...VARIABLES, ...variables }).map(([name, value]) => `export ${name}='${value}'; `);
    return host.run(`${all.join('')}${command}`);
  };
  const ofSuites = commands.filter((command) => !command.includes('npm test'));
  const [ofPython = ''] = commands.filter((command) => command.includes('python3'));
  t.equal(ofSuites.length, 4, 'there is a command for each language');
  t.equal(jobs.length, 2, 'there is a workflow and a job file');

  for (const kind of SERVER_KINDS) {
    await t.test(`suites in front of ${kind}`, async (t) => {
      await Promise.all([startServer(t, kind, ['--port=3306'], network.within), made]);

      await t.test('suites within the limits pass', async (t) => {
        const passing = await Promise.all(ofSuites.map((command) => runAsWritten(command)));
        for (const [index, { code, stdout, stderr }] of passing.entries()) {
          t.equal(code, 0, `${ofSuites[index]}: ${stdout}${stderr}`);
          t.match(stderr, /^sluice: 1 session$/m);
          t.match(stderr, /^Policy kept: /m);
        }
      });

      await t.test('a query that has grown fails a suite that passes, and its test is named', async (t) => {
        const { code, stdout, stderr } = await runAsWritten(ofPython, { SIZE: '5000' });
        t.equal(code, 3, stdout + stderr);
        t.match(stderr, /^Ran 2 tests in .*\n\nOK$/m, 'the suite itself passes');
        t.match(stderr, /1 result would have been cut\n.*5,000 rows.*Test: test_orders\.Orders\.test_lists_all_labels/);
        t.notMatch(stderr, /test_finds_one_number/);
      });

      if (kind === 'mysql') return;
      await t.test('the job of a project runs its tests and leaves reports', async (t) => {
        const results = await Promise.all([commands[0]!, ...jobs].map((command) => runAsWritten(command)));
        for (const { code, stdout, stderr } of results) {
          t.equal(code, 0, stdout + stderr);
          t.match(stdout, /lists the labels of a page/);
        }
        for (const report of ['summary.md', 'sluice.sarif', 'sluice.xml']) t.ok(existsSync(join(work, report)));
      });
    });
  }
});
