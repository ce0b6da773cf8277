// Lets Node run the tests' TypeScript: each file is transpiled once, and kept under node_modules by what it says. It is no
// TypeScript itself, for it is what runs that. The compiler is loaded only where a file is new: that takes longer than most tests.
// test/setup/prepare has the compiler write all files as it checks their types: those are used as long as they are newer.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const ROOT = new URL('../../', import.meta.url).href;
const PACKAGES = `${ROOT}node_modules/`;
const CACHE = fileURLToPath(`${PACKAGES}.cache/sluice-test/transpiled`);
const DOMAIN = new URL('domain.mjs', import.meta.url).href;
const SOURCES = fileURLToPath(ROOT);
const COMPILED = `${SOURCES}.tap/compiled/`;
const require = createRequire(import.meta.url);

const { version } = JSON.parse(readFileSync(fileURLToPath(`${PACKAGES}typescript/package.json`), 'utf8'));
const options = {
  target: 'ES2022', module: 'ESNext', verbatimModuleSyntax: true, isolatedModules: true, inlineSourceMap: true, inlineSources: true,
};

const isOurs = (url) => url.startsWith(ROOT) && !url.startsWith(PACKAGES);

const modifiedMs = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const transpile = (path) => {
  const compiled = path.replace(SOURCES, COMPILED).replace(/\.ts$/, '.js');
  if (modifiedMs(compiled) > modifiedMs(path)) return readFileSync(compiled, 'utf8');
  const source = readFileSync(path, 'utf8');
  const name = createHash('sha256').update(JSON.stringify([version, options, path, source])).digest('hex');
  const kept = `${CACHE}/${name}.js`;
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const { outputText } = require('typescript').transpileModule(source, { compilerOptions: options, fileName: path });
  mkdirSync(CACHE, { recursive: true });
  // Other processes may do the same now: none of them reads half of it.
  writeFileSync(`${kept}.${process.pid}`, outputText);
  renameSync(`${kept}.${process.pid}`, kept);
  return outputText;
};

/** A module's address: TypeScript imports a source file by the name that it has when it is compiled. */
export const resolve = (specifier, context, nextResolve) => {
  if (specifier === 'async-hook-domain') return { url: DOMAIN, format: 'module', shortCircuit: true };
  const isPath = /^(?:file:|\.\.?\/)/.test(specifier);
  const url = isPath ? new URL(specifier, context.parentURL) : null;
  if (url === null || !url.pathname.endsWith('.js') || !isOurs(url.href)) return nextResolve(specifier, context);
  const compiled = fileURLToPath(url);
  const isSource = !existsSync(compiled) && existsSync(compiled.replace(/\.js$/, '.ts'));
  return nextResolve(isSource ? specifier.replace(/\.js(?=$|\?)/, '.ts') : specifier, context);
};

/** A module's text. */
export const load = (url, context, nextLoad) => {
  if (!isOurs(url) || !new URL(url).pathname.endsWith('.ts')) return nextLoad(url, context);
  return { format: 'module', source: transpile(fileURLToPath(url)), shortCircuit: true };
};

if (isMainThread) {
  delete process.env.NODE_OPTIONS;
  // Programs that tests start are to run as they do elsewhere. With the module that tap has them load for coverage, which is
  // off, they start in twice the time.
  createRequire(`${PACKAGES}@tapjs/processinfo/package.json`)('process-on-spawn').removeAllListeners();
  // As tap's own hooks, so that they stand in one row: before Node 24.13 the ones in the main thread are not to be relied on.
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 24 || (major === 24 && minor >= 13)) module.registerHooks({ resolve, load });
  else module.register(import.meta.url);
}
