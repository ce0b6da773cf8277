import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { descriptorAdvice } from '../../src/cli/descriptors.js';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

t.test('says nothing when the limit of file descriptors is unknown or high enough for connections.max', (t) => {
  const connections = { max: 1000, connectTimeoutMs: 1, handshakeTimeoutMs: 1, keepAliveMs: 1000 };
  for (const limit of [2128, Infinity, null]) {
    t.strictSame(descriptorAdvice({ connections, workers: 1 }, limit), [], String(limit));
  }
  t.match(
    descriptorAdvice({ connections, workers: 1 }, 2127),
    [/^connections\.max: 1000 clients need 2128 .* may open 2127, enough for 999: raise/],
  );
  t.match(descriptorAdvice({ connections, workers: 1 }, 10), [/enough for 0: raise/]);
  t.strictSame(descriptorAdvice({ connections, workers: 4 }, 628), [], 'each worker has its part of the clients');
  t.match(descriptorAdvice({ connections, workers: 4 }, 627), [
    /^connections\.max: 1000 clients need 628 file descriptors in each worker, .* may open 627, enough for 996: raise/,
  ]);
  t.end();
});

t.test('says at start that the limit of file descriptors is too low, and what to do', async (t) => {
  const script = 'ulimit -n 256 && exec "$0" "$@"'; // the shell lowers its own limit and becomes the program
  const program = spawn(
    'sh', ['-c', script, process.execPath, cli, '--upstream', 'db.invalid', '--listen', '127.0.0.1:0'],
  );
  t.teardown(() => program.kill('SIGKILL'));
  let warning = '';
  for await (const line of createInterface({ input: program.stderr })) {
    if (!line.includes('connections.max')) continue;
    warning = line;
    break;
  }
  t.match(JSON.parse(warning), {
    level: 'warn',
    msg: /^config: connections\.max: 10000 clients need 20128 file descriptors, .* may open 256, enough for 64: raise/,
  });
  program.kill('SIGINT');
  t.strictSame(await once(program, 'exit'), [0, null]);
});
