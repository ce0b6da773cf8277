import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { fileSchema } from '../src/config/fileSchema.js';
import { load } from './config/configFile.js';
import { schemaFailures } from './support/jsonSchema.js';
import { blocksIn, commands, README } from './support/readme.js';

const TOPICS = new URL('../src/help/', import.meta.url);
const MAX_WORDS = 1800;

const texts = new Map([
  ['README.md', README],
  ...readdirSync(TOPICS).map((name): [string, string] =>
    [`src/help/${name}`, readFileSync(new URL(name, TOPICS), 'utf8')]),
]);

t.test('the README has at most 1,800 words', (t) => {
  const words = README.split(/\s+/).filter((word) => word !== '');
  t.ok(words.length <= MAX_WORDS, `${words.length} words`);
  t.end();
});

/**
 * The commands of the README, and what runs each of them. Those of a container need a container engine, and `npm ci`
 * and `npm test` are what runs the tests: `.ci/run` runs that line as it stands.
 */
const RUN_BY: ReadonlyMap<string, string> = new Map([
  ['npm ci && npm run demo', 'package.test.ts, but for `npm ci`'],
  ['npm ci && npm test', '.ci/run'],
  ['npm ci', '.ci/run'],
  ['npm pack && npm install --global ./mysql-sluice-*.tgz', 'package.test.ts'],
  ['docker build --tag sluice .', 'package.test.ts, its parts'],
  ['docker run --rm --publish 127.0.0.1:3307:3307 sluice --listen 0.0.0.0:3307 --upstream db.example.com:3306',
    'package.test.ts, its parts'],
  ...[
    'sluice --upstream db.example.com:3306 --mode audit --max-rows 10000',
    'mariadb --host 127.0.0.1 --port 3307 --user app --password',
    'sluice --config sluice.json',
    'sluice report --order cuts audit.json',
    'sluice advise --max-rows 10000 --exempt user=backup audit.json',
    'sluice check --config sluice.json',
    'curl --request POST http://127.0.0.1:9307/reload',
    'curl http://127.0.0.1:9307/sessions',
    'sluice check --config sluice.json --as user=app,schema=shop --sql "SELECT * FROM orders"',
  ].map((command): [string, string] => [command, 'readmeCommands.test.ts']),
]);

t.test('a test runs every command of the README', (t) => {
  t.strictSame(commands, [...RUN_BY.keys()]);
  t.end();
});

t.test('every configuration in the README and in the topics is valid as it stands', (t) => {
  for (const [name, text] of texts) {
    // In a ConfigMap the file stands indented.
    const files = [...text.matchAll(/^ +sluice\.json: \|\n((?: {4}.*\n)+)/gm)].map(([, json = '']) => json);
    for (const json of [...blocksIn(text, 'json'), ...files]) {
      t.ok(load(t, json).upstream, name);
      t.strictSame(schemaFailures(fileSchema(), JSON.parse(json)), [], name);
    }
  }
  t.end();
});

t.test('every link of the README and of a topic leads to a file', (t) => {
  for (const [name, text] of texts) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', heading] = target.split('#');
      const file = new URL(path, new URL(`../${name}`, import.meta.url));
      t.ok(existsSync(fileURLToPath(file)), `${name}: ${target}`);
      t.equal(heading, undefined, 'a terminal shows no headings to jump to');
    }
  }
  t.end();
});
