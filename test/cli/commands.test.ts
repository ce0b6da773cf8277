import t from 'tap';
import { COMMAND_NAMES, allCommands, commandsFor } from '../../src/cli/commands.js';

const namesFor = async (line: string): Promise<string> =>
  (await commandsFor(line.split(' ').filter((word) => word !== ''))).map(({ name }) => name).join(' ');

t.test('each command has the name by which it is loaded', async (t) => {
  t.strictSame((await allCommands()).map(({ name }) => name), COMMAND_NAMES);
});

t.test('loads only the commands that a command line may mean', async (t) => {
  t.equal(await namesFor('health --admin 127.0.0.1:9307'), 'health');
  t.equal(await namesFor('report start'), 'report', 'a file of this name');
  t.equal(await namesFor(''), 'start');
  t.equal(await namesFor('--upstream db.example.com'), 'start');
  t.equal(await namesFor('--max-rows 5 report audit.json'), 'start report');
  t.equal(await namesFor('--config check'), 'start check');
  for (const line of ['--help', '-h', '-vh', '--mode audit --help']) {
    t.equal(await namesFor(line), COMMAND_NAMES.join(' '), line);
  }
});
