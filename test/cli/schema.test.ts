import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { IS_WHOLE } from '../proof/scale.js';
import { changedExamples } from '../support/changedExamples.js';
import { isMissing, runPython } from '../support/drivers.js';
import { schemaFailures } from '../support/jsonSchema.js';
import { blocksIn } from '../support/readme.js';
import { sluice } from './program.js';

// A second opinion on the schema of the configuration file: check-jsonschema, which test/clients pins.

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Tries one case of this many; a proof tries all. */
const STEP = IS_WHOLE ? 1 : 150;

const skip = isMissing({ language: 'python' });

const { stdout: printed } = await sluice(['schema']);
const schema = JSON.parse(printed) as { readonly $schema: string };

/** Runs check-jsonschema. */
const check = (schemaFile: string, ...files: readonly string[]) =>
  runPython(['-m', 'check_jsonschema', '--output-format', 'json', '--schemafile', schemaFile, ...files]);

t.test('the package carries the schema that is printed', (t) => {
  t.equal(readFileSync(join(ROOT, 'schema.json'), 'utf8'), printed);
  t.end();
});

t.test('check-jsonschema accepts every example of a configuration file', { skip }, async (t) => {
  const folder = t.testdir({});
  const presets = join(ROOT, 'src/presets');
  const files = [join(ROOT, 'config.example.json'), ...readdirSync(presets).map((name) => join(presets, name))];
  const texts = ['README.md', ...readdirSync(join(ROOT, 'src/help')).map((name) => `src/help/${name}`)];
  const blocks = texts.flatMap((name) => blocksIn(readFileSync(join(ROOT, name), 'utf8'), 'json'));
  for (const [index, block] of blocks.entries()) {
    files.push(join(folder, `${index}.json`));
    writeFileSync(files.at(-1)!, block);
  }
  t.ok(blocks.length > 8, `${blocks.length} examples in the help`);
  const { code, stdout } = await check(join(ROOT, 'schema.json'), ...files);
  t.equal(code, 0, stdout);
});

t.test('check-jsonschema accepts the changed examples that our own validator accepts', { skip }, async (t) => {
  const folder = t.testdir({});
  const cases = [...changedExamples()].filter((_, index) => index % STEP === 0).map(({ json }) => json);
  const [schemaFile, casesFile] = [join(folder, 'schema.json'), join(folder, 'cases.json')];
  const { $schema, ...items } = schema;
  writeFileSync(schemaFile, JSON.stringify({ $schema, type: 'array', items }));
  writeFileSync(casesFile, JSON.stringify(cases));
  const { stdout } = await check(schemaFile, casesFile);
  const { errors } = JSON.parse(stdout) as { readonly errors: readonly { readonly path: string }[] };
  const refused = new Set(errors.map(({ path }) => Number(/^\$\[(\d+)\]/.exec(path)?.[1])));
  const others = cases.flatMap((json, index) => {
    const [failure] = schemaFailures(schema, json);
    if (refused.has(index) === (failure !== undefined)) return [];
    return [`${JSON.stringify(json)?.slice(0, 300)}: ${failure ?? 'valid'}`];
  });
  t.strictSame(others, []);
  const isMixed = refused.size > cases.length / 2 && refused.size < 0.95 * cases.length;
  t.ok(isMixed, `${refused.size} of ${cases.length} are refused`);
});
