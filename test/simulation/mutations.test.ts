import { readFileSync } from 'node:fs';
import t from 'tap';
import { syntaxErrors } from '../support/syntax.js';
import { MUTATIONS, mutated } from './mutations.js';

const sourceOf = (file: string): string => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

await t.test('each fault still fits the sources, and leaves code that runs', (t) => {
  for (const mutation of MUTATIONS) {
    t.same(syntaxErrors(mutated(mutation, sourceOf(mutation.file))), [], mutation.name);
  }
  t.same(syntaxErrors('const one = ;'), ['Expression expected.'], 'code that does not run is told');
  t.equal(new Set(MUTATIONS.map(({ name }) => name)).size, 20, 'twenty faults');
  t.end();
});

await t.test('says which fault does not fit any more when its place is gone or there twice', (t) => {
  const mutation = { name: 'none', about: '', file: 'cli.ts', from: 'here', to: 'there' };
  t.equal(mutated(mutation, 'it is here'), 'it is there');
  t.throws(() => mutated(mutation, 'it is gone'), { message: /"none".* 0 times/ });
  t.throws(() => mutated(mutation, 'here and here'), { message: /"none".* 2 times/ });
  t.end();
});
