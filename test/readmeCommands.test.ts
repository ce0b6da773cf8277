import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CLI } from './cli/program.js';
import { hostOfItsOwn } from './support/hostOfItsOwn.js';
import { startNetworkNamespace } from './support/networkNamespace.js';
import { blocksIn, commandThatBegins, commandThatIs, README } from './support/readme.js';
import { APP } from './support/seed.js';
import { startServer } from './support/servers.js';

// Follows the README from its quick start on, like a reader who types its commands.

/** The output of a program as it comes. */
interface Said {
  /** Resolves with the whole output when new output matches. */
  until(pattern: RegExp): Promise<string>;
}

const listenTo = (child: ChildProcessWithoutNullStreams, name: 'stdout' | 'stderr'): Said => {
  let text = '';
  let onMore = (): void => {};
  let seen = 0;
  child[name].setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    onMore();
  });
  const closed = once(child, 'close').then((how: unknown[]) => {
    throw new Error(`it ended with ${how.join(' ')}, and had said: ${text}`);
  });
  closed.catch(() => {});
  return {
    async until(pattern) {
      for (;;) {
        const found = pattern.exec(text.slice(seen));
        if (found !== null) {
          seen += found.index + found[0].length;
          return text;
        }
        await Promise.race([new Promise<void>((resolve) => { onMore = resolve; }), closed]);
      }
    },
  };
};

const folder = t.testdir({ bin: {} });
const bin = join(folder, 'bin');
symlinkSync(CLI, join(bin, 'sluice'));
mkdirSync(join(folder, 'work'));
const work = join(folder, 'work');
const configuration = join(work, 'sluice.json');

const network = await startNetworkNamespace(t);

await t.test('the commands of the README work as it says', { skip: network === null && 'needs root' }, async (t) => {
  if (network === null) return;
  await startServer(t, 'mariadb', ['--port=3306'], network.within);
  const host = hostOfItsOwn(t, { network, folder: work, bin, name: 'db.example.com' });

  /** Starts Sluice; it listens. */
  const startSluice = async (command: string) => {
    const sluice = host.start(`exec ${command}`);
    const [records, log] = [listenTo(sluice, 'stdout'), listenTo(sluice, 'stderr')];
    await log.until(/"msg":"listening"/);
    return { records, stop: async () => {
      sluice.kill('SIGINT');
      return (await once(sluice, 'exit'))[0] as number | null;
    } };
  };

  /** Types a statement into the README's command line. Returns its output. */
  const ask = async (sql: string, answer: RegExp): Promise<string> => {
    const command = commandThatBegins('mariadb ');
    const terminal = host.start(`exec script --quiet --return --command '${command}' /dev/null`);
    const screen = listenTo(terminal, 'stdout');
    await screen.until(/Enter password: /);
    terminal.stdin.write(`${APP.password}\n`);
    await screen.until(/\[\(none\)\]> /);
    terminal.stdin.write(`${sql}\n`);
    const seen = await screen.until(answer);
    terminal.stdin.write('exit\n'); // and no end: `script` would wait for more
    await once(terminal, 'close');
    return seen;
  };

  await t.test('quick start: a record for each result of more than 10,000 rows', async (t) => {
    const sluice = await startSluice(commandThatBegins('sluice --upstream'));
    await ask('SELECT id FROM shop.numbers WHERE id <= 10001;', /10001 rows in set/);
    const record = await sluice.records.until(/^\{.*\}\n/m);
    t.match(JSON.parse(record), { limit: { rows: 10_000 }, rows: 10_001, user: APP.user });
    t.equal(await sluice.stop(), 0);
  });

  await t.test('from audit to enforcement', async (t) => {
    const [audit = ''] = blocksIn(README, 'json');
    writeFileSync(configuration, audit);
    const sluice = await startSluice(commandThatBegins('sluice --config'));
    await ask('SELECT id FROM shop.numbers WHERE id <= 1500;', /1500 rows in set/);

    const sessions = await host.run(commandThatBegins('curl http'));
    t.match(sessions, { code: 0, stdout: /^\[/ });
    t.same(JSON.parse(sessions.stdout), []);
    const why = await host.run(commandThatBegins('sluice check --config sluice.json --as'));
    t.match(why, { code: 0, stdout: /^rule +default$/m });

    const reload = commandThatBegins('curl --request POST');
    t.match(await host.run(reload), { code: 0 });
    const report = await host.run(commandThatBegins('sluice report'));
    t.match(report, { code: 0, stdout: /^# Overall: 1 results?, / });
    const advice = await host.run(commandThatBegins('sluice advise'));
    t.match(advice, { code: 0, stdout: /^# Limits of 10,000 rows/ });

    const { mode: _, ...rest } = JSON.parse(audit) as { readonly mode: string };
    const advised = JSON.parse(advice.stdout.slice(advice.stdout.indexOf('\n{'))) as object;
    // On a busy machine any client may read slowly.
    writeFileSync(configuration, JSON.stringify({ ...rest, ...advised, streaming: { signals: [] } }));
    const checked = await host.run(commandThatIs('sluice check --config sluice.json'));
    t.match(checked, { code: 0, stderr: /The configuration is good\./ });
    t.match(await host.run(reload), { code: 0, stdout: /mode/ });

    const error = blocksIn(README, 'text').find((block) => block.startsWith('ERROR 3170')) ?? '';
    const seen = await ask('SELECT id FROM shop.numbers;', /ERROR .*\r/);
    t.ok(seen.includes(error.trim()), seen);
    t.equal(await sluice.stop(), 0);
    t.match(readFileSync(join(work, 'audit.json'), 'utf8'), /"action":"cut"/);
  });
});
