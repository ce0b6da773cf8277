import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run } from '../support/run.js';
import { CLI, sluice } from './program.js';

const TEXT = readFileSync(new URL('../../src/help/rules.md', import.meta.url), 'utf8');

/** Runs the program on a terminal with these variables. Returns what the terminal shows. */
const onTerminal = async (t: Test, variables: NodeJS.ProcessEnv): Promise<string> => {
  const command = `'${process.execPath}' '${CLI}' help rules`;
  const { PAGER: _, ...environment } = process.env;
  const { code, stdout } = await run(
    'script', ['--quiet', '--return', '--command', command, '/dev/null'], { env: { ...environment, ...variables } },
  );
  t.equal(code, 0);
  return stdout.replaceAll('\r\n', '\n');
};

t.test('help lists the topics, each in one line of at most 80 columns', async (t) => {
  const { code, stdout, stderr } = await sluice(['help']);
  t.strictSame([code, stderr], [0, '']);
  t.match(stdout, /^ {2}rules +\S/m);
  t.match(stdout, /^ {2}troubleshooting +\S/m);
  t.strictSame(stdout.split('\n').filter((line) => line.length > 80), []);
});

t.test('help TOPIC prints the topic unchanged when standard output is no terminal', async (t) => {
  t.strictSame(await sluice(['help', 'rules'], { PAGER: 'false' }), { code: 0, stdout: TEXT, stderr: '' });
});

t.test('help TOPIC shows the topic in the pager on a terminal', async (t) => {
  t.equal(await onTerminal(t, { PAGER: 'head -n 1' }), TEXT.slice(0, TEXT.indexOf('\n') + 1));
  const folder = t.testdir({ less: '#!/bin/sh\necho "less $*"\ncat >/dev/null\n' });
  chmodSync(join(folder, 'less'), 0o755);
  t.equal(await onTerminal(t, { PATH: `${folder}:${process.env['PATH']}` }), 'less -R\n', 'which is less unless told');
});

t.test('help TOPIC prints the topic when the pager does not exist', async (t) => {
  t.ok((await onTerminal(t, { PAGER: 'no-such-pager' })).endsWith(TEXT));
});

t.test('refuses an unknown topic, and suggests the known one that is close', async (t) => {
  const refusal = async (...args: string[]): Promise<string | undefined> => {
    const { code, stdout, stderr } = await sluice(['help', ...args]);
    t.strictSame([code, stdout], [2, '']);
    return stderr.split('\n')[0];
  };
  t.equal(await refusal('metric'), 'sluice: unknown topic "metric", did you mean metrics?');
  t.match(await refusal('weather'), /^sluice: unknown topic "weather", known: configuration, rules, /);
  t.equal(await refusal('rules', 'limits'), 'sluice: expected one topic, got "limits" as well');
});
