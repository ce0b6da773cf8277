import { join } from 'node:path';
import t from 'tap';
import { COMMAND_NAMES } from '../../src/cli/commands.js';
import { auditLine } from '../support/auditRecords.js';
import { sluice, startedSluice } from './program.js';

t.test('a command ends in the resident program as in a process of its own: code, output, errors', async (t) => {
  const folder = t.testdir({
    'audit.json': auditLine(), 'pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n',
  });
  const [audit, pod, missing] = ['audit.json', 'pod.yaml', 'no-such.json'].map((name) => join(folder, name)) as
    [string, string, string];
  const lines: readonly (readonly string[])[] = [
    ['check', '--upstream', 'db'], ['check', '--upstrem', 'db'], ['check', '--max-rows'], ['chekc'],
    ['health', '--admin', '127.0.0.1:1'], ['report', audit], ['report', '--max-rows', '1', audit], ['report', folder],
    ['baseline', '--baseline', audit, missing], ['advise', '--max-rows', '1', audit], ['preset', 'no-such'],
    ['preset', '--help'], ['inject', pod], ['inject', '/nonexistent'], ['schema'], ['completion', 'bash'],
    ['help', 'rules'], ['help'], ['--help'], ['-v'],
  ];
  for (const line of lines) t.strictSame(await sluice(line), await startedSluice(line), line.join(' '));
  const variables = { SLUICE_UPSTREAM: 'db', SLUICE_MODE: 'audit' };
  t.strictSame(await sluice(['check'], variables), await startedSluice(['check'], variables));
  t.match(await sluice(['check']), { code: 2, stderr: /upstream: required/ }, 'the next one has other variables');
  const shown = new Set([...lines.map(([first = '']) => first), 'start', 'run', 'demo']);
  t.strictSame(COMMAND_NAMES.filter((name) => !shown.has(name)), [], 'each command is there');
});
