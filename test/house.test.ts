import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type TypeScript from 'typescript';
import { syntaxOf, ts } from './support/syntax.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCE = join(ROOT, 'src');

/** Which folders the files of a folder may import from, besides their own. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  text: [],
  world: [],
  protocol: ['text'],
  sql: [],
  statistics: ['text'],
  config: ['text', 'protocol', 'sql', 'world'],
  conversation: ['text', 'protocol'],
  policy: ['text', 'protocol', 'sql', 'config', 'conversation'],
  audit: ['protocol', 'config', 'conversation', 'policy', 'world'],
  telemetry: ['text', 'protocol', 'sql', 'statistics', 'config', 'conversation', 'policy', 'audit', 'world'],
  control: ['text', 'protocol', 'config', 'audit', 'world'],
  report: ['text', 'sql', 'statistics', 'config', 'policy', 'audit', 'world'],
  relay: ['text', 'protocol', 'sql', 'config', 'conversation', 'policy', 'audit', 'telemetry', 'control', 'world'],
  admin: ['text', 'statistics', 'config', 'telemetry', 'world'],
  workers: ['statistics', 'config', 'policy', 'audit', 'telemetry', 'relay', 'admin', 'world'],
  demo: ['protocol', 'sql'],
  cli: [
    'text', 'protocol', 'statistics', 'config', 'conversation', 'policy', 'audit', 'telemetry', 'control', 'report',
    'relay', 'admin', 'workers', 'demo', 'world',
  ],
};

/**
 * Which rooms of `relay` the files of a room may import from. Files of `relay` itself, and of `session`, bring all
 * rooms together.
 */
const ROOMS_MAY_IMPORT: Record<string, readonly string[]> = {
  flow: ['pace', 'window'],
  window: ['pace'],
  pace: [],
  login: ['flow', 'tls'],
  tls: [],
  connection: ['flow', 'login', 'pace', 'tls'],
  listen: ['connection'],
  session: ['flow', 'login', 'pace', 'tls', 'connection'],
};

/** The modules of Node.js that reach outside the process; pure folders may not import them. */
const WORLDLY = /^node:(fs|net|tls|http|https|child_process|cluster|dgram|dns|os|process|timers|worker_threads)\b/;
const PURE = ['text', 'protocol', 'sql', 'conversation', 'policy', 'statistics'];

interface Import {
  readonly from: string;
  readonly to: string;
}

/** The folder of a file in `src`, or in one of its folders. */
const folderOf = (file: string, within = SOURCE): string =>
  relative(within, file).split('/')[0]!.replace(/\.[jt]s$/, '');

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(SOURCE, name));

const imports: readonly Import[] = files.flatMap((from) =>
  [...readFileSync(from, 'utf8').matchAll(/^(?:import|export)\b[^;]*?from '([^']+)';|\bimport\('([^']+)'\)/gm)]
    .map((match) => ({ from, to: (match[1] ?? match[2])! })));

/** The source file that a relative import names. */
const targetOf = ({ from, to }: Import): string => join(from, '..', to).replace(/\.js$/, '.ts');

const told = (one: Import): string => `${relative(ROOT, one.from)} imports ${one.to}`;
const inside = imports.filter(({ to }) => to.startsWith('.'));

t.test('imports point one way, from folder to folder', (t) => {
  const wrong = inside.filter((one) => {
    const [own, other] = [folderOf(one.from), folderOf(targetOf(one))];
    return own !== other && !(MAY_IMPORT[own] ?? []).includes(other);
  });
  t.strictSame(wrong.map(told), []);
  t.ok(inside.length > 200, 'there are imports to look at');
  t.end();
});

t.test('imports point one way between the rooms of relay', (t) => {
  const relay = join(SOURCE, 'relay');
  const wrong = inside.filter((one) => {
    const [own, other] = [folderOf(one.from, relay), folderOf(targetOf(one), relay)];
    const areRooms = own in ROOMS_MAY_IMPORT && other in ROOMS_MAY_IMPORT;
    return areRooms && own !== other && !ROOMS_MAY_IMPORT[own]!.includes(other);
  });
  t.strictSame(wrong.map(told), []);
  t.end();
});

t.test('no file imports itself through others, not even for a type', (t) => {
  const importsOf = new Map(files.map((file) =>
    [file, inside.filter(({ from }) => from === file).map(targetOf)]));
  const isDone = new Set<string>();
  const circles: string[] = [];
  const follow = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      const circle = [...path.slice(path.indexOf(file)), file];
      circles.push(circle.map((name) => relative(ROOT, name)).join(' > '));
    }
    if (path.includes(file) || isDone.has(file)) return;
    for (const next of importsOf.get(file) ?? []) follow(next, [...path, file]);
    isDone.add(file);
  };
  for (const file of files) follow(file, []);
  t.strictSame(circles, []);
  t.end();
});

t.test('pure folders touch no socket, file or process', (t) => {
  // node:net tells what is an address and what belongs to a network, without any socket.
  const allowed = new Set(['ipAddress', 'proxyHeader'].map((name) => `src/protocol/${name}.ts imports node:net`));
  const wrong = imports
    .filter(({ from, to }) => PURE.includes(folderOf(from)) && WORLDLY.test(to))
    .map(({ from, to }) => `${relative(ROOT, from)} imports ${to}`)
    .filter((line) => !allowed.has(line));
  t.strictSame(wrong, []);
  t.end();
});

/** How code uses or imports the functions of Node.js that `src/world/` wraps. */
const WORLD_ALONE = [
  /\bperformance\.|\bDate\.now\b|\bnew Date\(\)|\bprocess\.(?:cpuUsage|hrtime)\b/,
  /(?<![.\w])(?:set|clear)(?:Timeout|Interval|Immediate)\b|'node:timers/,
  /\bMath\.random\b|(?<![.\w])random(?:Bytes|Int|UUID)\(/,
  /^import (?!type )[^;]*\b(?:connect|createServer|fork)\b[^;]* from 'node:(?:net|tls|child_process)';/m,
];

/** The files that may use these functions directly, each with the reason. */
const BESIDE_WORLD: Readonly<Record<string, string>> = {
  'src/demo/server.ts': 'the server of `sluice demo` is another program, which imports protocol and sql alone',
  'src/demo/client.ts': 'the client of that server',
  'src/demo/connection.ts': 'a part of that server',
  'src/demo/login.ts': 'a part of that server',
  'src/telemetry/otlp/envelope.ts': 'names this run of the program when it is loaded, before any other world',
};

t.test('time, turns, chance and connections come from the world alone', (t) => {
  const users = files.filter((file) => folderOf(file) !== 'world').flatMap((file) => {
    const code = readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    const found = WORLD_ALONE.map((what) => what.exec(code)?.[0] ?? null).find((text) => text !== null);
    return found == null ? [] : [{ name: relative(ROOT, file), found }];
  });
  t.strictSame(users.filter(({ name }) => !(name in BESIDE_WORLD)), []);
  t.strictSame(Object.keys(BESIDE_WORLD).filter((name) => !users.some((user) => user.name === name)), []);
  t.end();
});

t.test('the package installs only yargs and pino', (t) => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as
    Record<'dependencies' | 'devDependencies', Record<string, string>>;
  t.strictSame(Object.keys(dependencies).sort(), ['pino', 'yargs']);
  t.strictSame(Object.keys(devDependencies).sort(), ['@types/node', '@types/yargs', 'tap', 'typescript']);
  const used = new Set(imports.map(({ to }) => to).filter((to) => !to.startsWith('.') && !to.startsWith('node:')));
  t.ok([...used].every((name) => /^(yargs|pino)\b/.test(name)), [...used].join(', '));
  t.end();
});

t.test('help is a folder of text, with one Markdown file for each topic', (t) => {
  const wrong = readdirSync(join(SOURCE, 'help')).filter((name) => !/^[a-z]+\.md$/.test(name));
  t.strictSame(wrong, []);
  t.end();
});

/** A reader can keep this many lines in mind, and this many columns fit beside another window. */
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

/** The beginning and the name of a declaration at the top of a file. */
const DECLARATION =
  /^(export )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let|enum) (\w+)/gm;

t.test('a source file begins with its namesake, under a sentence that says what that is', (t) => {
  const wrong = files.flatMap((file) => {
    const name = relative(ROOT, file);
    const text = readFileSync(file, 'utf8').replace(/^(?:import|export)\b[^;]*?from '[^']+';\n/gm, '');
    const declared = [...text.matchAll(DECLARATION)];
    const isNamesake = ([, exported, declaration = '']: RegExpMatchArray): boolean =>
      exported !== undefined && declaration.toLowerCase() === basename(file, '.ts').toLowerCase();
    // A value is created when its file is loaded, so that the values it needs stand before it.
    const namesake = declared.find(isNamesake);
    const isFirst = namesake === undefined || namesake === declared[0] || namesake[0].includes(' const ');
    const before = text.slice(0, declared[0]?.index).trim();
    return [
      ...(isFirst ? [] : [`${name} begins with ${declared[0]![2]!}`]),
      ...(/(\*\/|^\/\/.*)$/m.test(before) ? [] : [`${name} has no sentence at its head`]),
    ];
  });
  t.strictSame(wrong, []);
  t.end();
});

/** Each of these words was replaced by the usual word of the field. */
const BANNED =
  /\b(Legs?|legs|Side|EncryptedLeg|[gG]ateway|[dD]oorman|[cC]aller|[sS]tanding|[aA]nswers|[cC]rew|[mM]ember)\b/g;

t.test('identifiers and file names are the usual words of the field', (t) => {
  const wrong = files.flatMap((file) => {
    const name = relative(ROOT, file);
    const code = readFileSync(file, 'utf8')
      .replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '').replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '');
    return [...new Set([...code.matchAll(BANNED), ...basename(file, '.ts').matchAll(BANNED)].map(([word]) => word))]
      .map((word) => `${name}: ${word}`);
  });
  t.strictSame(wrong, []);
  t.end();
});

/** Whether a file declares the class or type of `Recorder.result`, and has a `result`. */
function isDeclared(name: string): boolean {
  const [type = '', property = ''] = name.split('.');
  return files.some((file) => {
    const text = readFileSync(file, 'utf8');
    return new RegExp(`\\b(?:class|interface) ${type}\\b`).test(text) && new RegExp(`\\b${property}\\b`).test(text);
  });
}

t.test('ARCHITECTURE.md names only files and methods that exist, in lines of at most 120 columns', (t) => {
  const map = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  const named = [...map.matchAll(/`([\w./]+)`/g)].map(([, name = '']) => name);
  const lost = named.filter((name) => {
    if (name.endsWith('.ts')) return !existsSync(join(ROOT, name)) && !files.some((file) => file.endsWith(`/${name}`));
    return /^[A-Z]\w+\.\w+$/.test(name) && !name.endsWith('.md') && !isDeclared(name);
  });
  t.strictSame(lost, []);
  t.strictSame(map.split('\n').filter((line) => line.length > MAX_COLUMNS), []);
  t.end();
});

t.test('ARCHITECTURE.md tells the way of a chunk, of a command and of a setting in ten lines each', (t) => {
  const map = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  for (const what of ['chunk', 'command', 'setting']) {
    const [way = ''] = map.split(`## The way of a ${what}\n\n`)[1]?.split('\n\n') ?? [];
    t.equal(way.split('\n').filter((line) => /^\d+\. .*\.$/.test(line)).length, way.split('\n').length, way);
    t.ok(way.split('\n').length <= 10, way);
  }
  t.end();
});

const TEST = join(ROOT, 'test');

/** A string in the code. */
const LITERAL = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/.source;

/** The indentation of a test, and its title in the code. */
const TITLE = new RegExp(
  `^( *)(?:await |void |return )?t\\.test\\(\\s*((?:${LITERAL})(?:\\s*\\+\\s*(?:${LITERAL}))*)`, 'gm',
);

/** The beginnings of a title that only the title before it explains, or that name no thing. */
const DEPENDENT = /^['"`](?:so|and|nor|neither|also|the same|it|its|this|that|these|those|what|who|where) /i;

t.test('a test has a title of its own that is understood alone', (t) => {
  const tests = readdirSync(TEST, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  let count = 0;
  const wrong = tests.flatMap((name) => {
    const titles = [...readFileSync(join(TEST, name), 'utf8').matchAll(TITLE)];
    const around: { readonly indentation: number; readonly path: string }[] = [];
    const paths = titles.map(([, spaces, title]) => {
      while (around.length > 0 && around.at(-1)!.indentation >= spaces!.length) around.pop();
      around.push({ indentation: spaces!.length, path: `${around.at(-1)?.path ?? name} > ${title!}` });
      return around.at(-1)!.path;
    });
    count += titles.length;
    return [
      ...titles.filter(([, , title]) => DEPENDENT.test(title!)).map(([, , title]) => `${name}: ${title!}`),
      ...paths.filter((path, index) => paths.indexOf(path) !== index),
    ];
  });
  t.strictSame(wrong, []);
  t.ok(count > 1000, `there are ${count} titles to look at`);
  t.end();
});

/** Whether an expression is made of nothing but literals and other constants: its value is known as it is read. */
function isConstant(node: TypeScript.Expression): boolean {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    return isConstant(node.expression);
  }
  if (ts.isPrefixUnaryExpression(node)) return isConstant(node.operand);
  if (ts.isBinaryExpression(node)) return isConstant(node.left) && isConstant(node.right);
  if (ts.isPropertyAccessExpression(node)) return isConstant(node.expression);
  if (ts.isIdentifier(node)) return /^[A-Z]/.test(node.text);
  if (ts.isArrayLiteralExpression(node)) return node.elements.length > 0 && node.elements.every(isConstant);
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.every((property) => ts.isPropertyAssignment(property) && isConstant(property.initializer));
  }
  if (ts.isNewExpression(node)) {
    return /^(Map|Set)$/.test(node.expression.getText()) && node.arguments !== undefined &&
      node.arguments.length > 0 && node.arguments.every(isConstant);
  }
  return ts.isLiteralExpression(node) ||
    [ts.SyntaxKind.TrueKeyword, ts.SyntaxKind.FalseKeyword, ts.SyntaxKind.NullKeyword].includes(node.kind);
}

t.test('the constants of a module have upper-case names', (t) => {
  const wrong = files.flatMap((file) => {
    const source = syntaxOf(file);
    const isConst = ({ flags }: TypeScript.VariableDeclarationList): boolean => (flags & ts.NodeFlags.Const) !== 0;
    return source.statements.filter(ts.isVariableStatement)
      .filter(({ declarationList }) => isConst(declarationList))
      .flatMap(({ declarationList }) => [...declarationList.declarations])
      .filter(({ initializer }) => initializer !== undefined && isConstant(initializer))
      .map(({ name }) => name.getText())
      // An enumeration, such as `Command.QUERY`, has a name as a type has one.
      .filter((name) => !/^([A-Z][A-Z0-9_]*|[A-Z][a-z]\w*)$/.test(name))
      .map((name) => `${relative(ROOT, file)}: ${name}`);
  });
  t.strictSame(wrong, []);
  t.end();
});

/** Code that may stand only in one place, and the files of that place. */
const DEFINED_ONCE: readonly (readonly [what: RegExp, where: readonly string[]])[] = [
  [/\bcode: \d{4}\b|\bsqlState: '[0-9A-Z]{5}'|'(?:HY000|08S01)'/,
    ['src/protocol/errorCodes.ts', 'src/config/connectorJStates.ts']],
  [/\binstanceof Error \? \w+(?:\.message)? :|'code' in \w+/, ['src/text/errorText.ts']],
  [/=== Infinity \? (?:null|'unlimited')/, ['src/config/finiteOrNull.ts']],
];

t.test('error numbers, the text and code of an error and the form of an unlimited amount are defined once', (t) => {
  const wrong = files.flatMap((file) => {
    const name = relative(ROOT, file);
    const code = readFileSync(file, 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
    return DEFINED_ONCE.filter(([what, where]) => !where.includes(name) && what.test(code))
      .map(([what]) => `${name}: ${what.exec(code)![0]}`);
  });
  t.strictSame(wrong, []);
  t.end();
});
