import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { configFile } from '../config/configFile.js';
import { freePort } from '../support/freePort.js';
import { silentUpstream, sluice, startProgram } from './program.js';

/** A program whose flags name the port of its admin endpoint. */
async function startAdministered(t: Test, variables: NodeJS.ProcessEnv = {}) {
  const { address } = await silentUpstream(t);
  const port = await freePort();
  const args = ['--listen', '127.0.0.1:0', '--upstream', address, '--admin', `0.0.0.0:${port}`];
  return { port, program: await startProgram(t, args, variables) };
}

t.test('ends with 0 when the program is ready, and with 1 and a reason when it is not', async (t) => {
  const { port, program } = await startAdministered(t);
  const asked = () => sluice(['health', '--admin', `0.0.0.0:${port}`]);
  t.same(await asked(), { code: 0, stdout: 'ready\n', stderr: '' });
  program.kill('SIGTERM');
  await program.said(/^stopping when/);
  const at = `the program at 127.0.0.1:${port}`;
  t.same(await asked(), { code: 1, stdout: '', stderr: `sluice: ${at} is not ready: stopping\n` });
  program.kill('SIGINT');
  await program.ended;
  t.match(await asked(), { code: 1, stderr: `sluice: cannot ask ${at}: ECONNREFUSED\n` });
});

t.test('takes the admin address from the flags of a running process when given its process id', async (t) => {
  const unused = { SLUICE_ADMIN: '127.0.0.1:1' };
  const { program } = await startAdministered(t, unused);
  t.match(await sluice(['health'], unused), { code: 1, stderr: /at 127\.0\.0\.1:1: ECONNREFUSED/ });
  t.same(await sluice(['health', '--pid', String(program.pid)], unused), { code: 0, stdout: 'ready\n', stderr: '' });
  t.match(await sluice(['health', '--pid', String(process.ppid)]), { code: 1, stderr: /--pid: / });
  t.match(
    await sluice(['health', '--pid', 'x']), { code: 1, stderr: /^--pid: expected the number of a process, got "x"$/m },
  );
});

t.test('takes the admin address from the file, even when the rest of the file is wrong', async (t) => {
  const { port } = await startAdministered(t);
  const file = configFile(t, { admin: { listen: `0.0.0.0:${port}` }, mode: 'strict' });
  t.match(await sluice(['health', '--config', file]), { code: 0, stdout: 'ready\n' });
  t.match(await sluice(['health', '--upstream', 'db']), { code: 1, stderr: /there is no admin endpoint to ask/ });
  t.match(await sluice(['health', '--admin', '127.0.0.1:0']), { code: 1, stderr: /listens on any free port/ });
  t.match(await sluice(['health', '--admin', 'x:y:z']), { code: 1, stderr: /^--admin: expected HOST:PORT/ });
});

t.test('reads only the beginning of an answer', async (t) => {
  const server = createServer((_, response) => {
    response.writeHead(503);
    const write = (): void => {
      while (response.write('\u001b[2J'.repeat(1000)));
      response.once('drain', write);
    };
    write();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await sluice(['health', '--admin', `127.0.0.1:${port}`]);
  t.equal(code, 1);
  t.ok(stderr.length < 300);
  t.notMatch(stderr, /\u001b/);
});

t.test('the image asks the program that is its first process', (t) => {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const [, check = '[]'] = /^HEALTHCHECK .*\\\n +CMD (\[.*\])$/m.exec(dockerfile) ?? [];
  const [, entry = '[]'] = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile) ?? [];
  t.same(JSON.parse(check), [...JSON.parse(entry), 'health', '--pid', '1']);
  t.end();
});
