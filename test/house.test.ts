import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src');

/** Which folders the files of a folder may import from, besides their own. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  protocol: [],
  session: ['protocol'],
  config: ['policy'],
  policy: ['protocol', 'session', 'config'],
  statistics: [],
  audit: ['protocol', 'session', 'policy', 'config'],
  admin: ['statistics', 'protocol', 'session', 'policy', 'config', 'audit'],
  report: ['policy', 'config', 'audit', 'statistics'],
  relay: ['protocol', 'session', 'policy', 'config', 'audit', 'admin'],
  workers: ['policy', 'config', 'audit', 'admin', 'relay'],
  demo: ['protocol'],
  cli: [
    'protocol', 'session', 'policy', 'config', 'audit', 'admin', 'report', 'statistics', 'relay', 'workers', 'demo',
  ],
};

/** Modules of Node with which a folder that is pure could touch the world. */
const WORLDLY = /^node:(fs|net|tls|http|https|child_process|cluster|dgram|dns|os|process|timers|worker_threads)\b/;
const PURE = ['protocol', 'session', 'policy', 'statistics'];

interface Import {
  readonly from: string;
  readonly to: string;
}

const folderOf = (file: string): string => relative(SOURCE, file).split('/')[0]!.replace(/\.[jt]s$/, '');

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SOURCE, name));

const imports: readonly Import[] = files.flatMap((from) =>
  [...readFileSync(from, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';/gm)]
    .map((match) => ({ from, to: match[1]! })));

t.test('imports point one way: protocol, session, policy, audit, relay, cli', (t) => {
  const wrong = imports.filter(({ from, to }) => {
    if (!to.startsWith('.')) return false;
    const [own, other] = [folderOf(from), folderOf(join(from, '..', to))];
    return own !== other && !(MAY_IMPORT[own] ?? []).includes(other);
  });
  t.strictSame(wrong.map(({ from, to }) => `${relative(ROOT, from)} imports ${to}`), []);
  t.ok(imports.length > 200, 'there are imports to look at');
  t.end();
});

t.test('what is pure touches no socket, file or process', (t) => {
  // What an address is and what belongs to a network is told by node:net without any socket.
  const allowed = new Set(
    ['policy/cidr', 'protocol/ipAddress', 'protocol/proxyHeader'].map((name) => `src/${name}.ts imports node:net`));
  const wrong = imports
    .filter(({ from, to }) => PURE.includes(folderOf(from)) && WORLDLY.test(to))
    .map(({ from, to }) => `${relative(ROOT, from)} imports ${to}`)
    .filter((line) => !allowed.has(line));
  t.strictSame(wrong, []);
  t.end();
});

t.test('nothing is installed with the program but yargs and pino', (t) => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as
    Record<'dependencies' | 'devDependencies', Record<string, string>>;
  t.strictSame(Object.keys(dependencies).sort(), ['pino', 'yargs']);
  t.strictSame(Object.keys(devDependencies).sort(), ['@types/node', '@types/yargs', 'tap', 'typescript']);
  const used = new Set(imports.map(({ to }) => to).filter((to) => !to.startsWith('.') && !to.startsWith('node:')));
  t.ok([...used].every((name) => /^(yargs|pino)\b/.test(name)), [...used].join(', '));
  t.end();
});

/** What a reader can hold in mind, and what fits beside another window. */
const MAX_LINES = 300;
const MAX_COLUMNS = 120;

t.test('a source file has at most 300 lines, and a line at most 120 columns', (t) => {
  const wrong = files.flatMap((file) => {
    const name = relative(ROOT, file);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const tooLong = lines.length > MAX_LINES ? [`${name}: ${lines.length} lines`] : [];
    const tooWide = lines.flatMap((line, index) =>
      (line.length > MAX_COLUMNS ? [`${name}:${index + 1}: ${line.length} columns`] : []));
    return [...tooLong, ...tooWide];
  });
  t.strictSame(wrong, []);
  t.end();
});
