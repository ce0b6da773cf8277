import { readFileSync } from 'node:fs';
import t from 'tap';
import { load } from './config/configFile.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

t.test('every configuration in the README can be used as it stands', (t) => {
  const blocks = [...readme.matchAll(/^```json\n(.*?)^```/gms)].map(([, json = '']) => json);
  // In a ConfigMap the file is indented.
  const files = [...readme.matchAll(/^ +sluice\.json: \|\n((?: {4}.*\n)+)/gm)].map(([, json = '']) => json);
  t.ok(blocks.length > 0 && files.length > 0, 'there are some');
  for (const json of [...blocks, ...files]) t.ok(load(t, json).upstream);
  t.end();
});
