import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { configFile } from '../config/configFile.js';
import { client, silentUpstream, sluice, startProgram } from './program.js';

/** The program in front of a silent server, and how to open a session through it. */
async function startWithSessions(t: Test) {
  const upstream = await silentUpstream(t);
  const config = configFile(t, { connections: { handshakeTimeout: '1h' }, shutdown: { acceptFor: 0 } });
  const program = await startProgram(t, [
    'start', '--config', config, '--listen', '127.0.0.1:0', '--upstream', upstream.address,
  ]);
  const openSession = async () => {
    const accepted = upstream.accepted();
    const socket = await client(t, program.port);
    await accepted;
    return socket;
  };
  return { program, openSession };
}

async function refusesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const [outcome]: unknown[] = await Promise.race([
    once(socket, 'connect').then(() => ['connected']),
    new Promise<unknown[]>((resolve) => socket.once('error', (error) => resolve([error]))),
  ]);
  socket.destroy();
  return outcome instanceof Error && 'code' in outcome && outcome.code === 'ECONNREFUSED';
}

t.test('logs address, upstream and limits in one line, and the fingerprint of its certificate in ' +
  'another', async (t) => {
  const program = await startProgram(t, [
    '--upstream', 'db.invalid', '--listen', '127.0.0.1:0', '--mode', 'audit', '--max-rows', 'unlimited',
  ]);
  t.match(program.log, [{ msg: /^listen\.tls: /, fingerprint256: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/ }, {
    level: 'info',
    msg: 'listening',
    address: /^127\.0\.0\.1:[1-9]\d*$/,
    upstream: 'db.invalid:3306',
    mode: 'audit',
    limits: { rows: 'unlimited', bytes: 67_108_864 },
    audit: 'stdout',
  }]);
  program.kill('SIGTERM');
  t.match(await program.ended, { code: 0, stdout: '' });
});

t.test('says at the start which figures "auto" stands for, and refuses to start without them', async (t) => {
  const settings = { upstream: 'db.invalid', listen: '127.0.0.1:0', connections: { max: 'auto' } };
  const config = configFile(t, { ...settings, budget: { bytes: 'auto' } });
  const program = await startProgram(t, ['--config', config], { SLUICE_APPLICATION_MEMORY: '536870912' });
  t.match(await program.said(/^config: connections\.max: "auto" is \d+, as the container of Sluice /), { level: 'info' });
  t.match(await program.said(/^config: budget\.bytes: "auto" is 128MiB, a quarter of /), { level: 'info' });
  program.kill('SIGTERM');
  await program.ended;
  const refused = await sluice(['--config', config]);
  t.equal(refused.code, 2);
  t.match(refused.stderr, /^config: budget\.bytes: "auto" needs .* SLUICE_APPLICATION_MEMORY, .* and it is not set$/m);
});

t.test('warns of a variable that overrides the file, and of one that is mistyped', async (t) => {
  const config = configFile(t, { upstream: 'db.invalid', listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:1' } });
  const variables = { SLUICE_ADMIN: '127.0.0.1:0', SLUICE_MAXROWS: '5' };
  const program = await startProgram(t, ['--config', config], variables);
  t.match(await program.said(/^config: admin: SLUICE_ADMIN overrides the file/), { level: 'warn' });
  t.match(
    await program.said(/^config: "SLUICE_MAXROWS": is not read, did you mean SLUICE_MAX_ROWS\?$/), { level: 'warn' },
  );
  const checked = await sluice(['check', '--config', config], variables);
  t.match(checked.stderr, /^warning: admin: SLUICE_ADMIN .*\nwarning: "SLUICE_MAXROWS": /m);
});

t.test('listens on host names and IPv6 addresses', async (t) => {
  for (const host of ['localhost', '[::1]']) {
    const program = await startProgram(t, ['--upstream', 'db.invalid', '--listen', `${host}:0`]);
    t.match(program.log.find(({ msg }) => msg === 'listening')?.address, /^(127\.0\.0\.1|\[::1\]):[1-9]\d*$/);
    program.kill('SIGTERM');
    t.match(await program.ended, { code: 0 });
  }
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`on ${signal} it accepts no new client, and lets the sessions end by themselves`, async (t) => {
    const { program, openSession } = await startWithSessions(t);
    const session = await openSession();
    program.kill(signal);
    t.match(await program.said(/^stopping/), { signal, sessions: 1 });
    await program.said(/^no longer accepting/);
    t.equal(await refusesConnections(program.port), true);
    t.equal(session.closed, false);
    session.destroy();
    t.match(await program.ended, { code: 0, signal: null });
  });
}

t.test('ends the sessions at once on a second signal', async (t) => {
  const { program, openSession } = await startWithSessions(t);
  const sessions = [await openSession(), await openSession()];
  for (const session of sessions) session.on('error', () => {});
  const closed = sessions.map((session) => once(session, 'close'));
  program.kill('SIGTERM');
  await program.said(/^stopping/);
  program.kill('SIGINT');
  t.match(await program.ended, { code: 0, signal: null });
  t.match(await program.said(/^stopping now/), { signal: 'SIGINT', sessions: 2 });
  await Promise.all(closed);
});

t.test('ends with exit code 2 before it listens when the configuration is wrong', async (t) => {
  const { code, stdout, stderr } = await sluice(['start', '--max-rows', '10k']);
  t.equal(code, 2);
  t.equal(stdout, '');
  t.equal(stderr.includes('listening'), false);
  t.match(stderr, /^config: upstream: required.*\n--max-rows: expected .*\n$/);
});

t.test('ends with exit code 1, the reason and a remedy when its address is in use', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const { code, stderr } = await sluice(['--upstream', 'db.invalid', '--listen', `127.0.0.1:${port}`]);
  t.equal(code, 1);
  t.match(stderr, /^sluice: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  t.match(stderr, /: another program listens there; stop it, or give another address with --listen\n$/);
});

t.test('ends with exit code 1, the reason and a remedy when its address is not of this host or unknown', async (t) => {
  const foreign = await sluice(['--upstream', 'db.invalid', '--listen', '192.0.2.1:0']);
  t.equal(foreign.code, 1);
  t.match(foreign.stderr, /no interface of this host has that address/);
  const unknown = await sluice(['--upstream', 'db.invalid', '--listen', 'nowhere.invalid:0']);
  t.equal(unknown.code, 1);
  t.match(unknown.stderr, /cannot be resolved/);
});

t.test('ends with exit code 1 when the audit file cannot be opened', async (t) => {
  const to = join(t.testdirName, 'missing', 'audit.json');
  const file = configFile(t, { upstream: 'db.invalid', audit: { to } });
  const { code, stderr } = await sluice(['--config', file, '--listen', '127.0.0.1:0']);
  t.equal(code, 1);
  t.match(stderr, /^sluice: audit\.to: ENOENT/);
});

t.test('logs an unexpected error and ends with exit code 1', async (t) => {
  const code = Buffer.from('process.on("SIGUSR2", () => { throw new Error("boom"); })').toString('base64');
  const throwing = `data:text/javascript;base64,${code}`;
  const program = await startProgram(
    t, ['--upstream', 'db.invalid', '--listen', '127.0.0.1:0'], { NODE_OPTIONS: `--import=${throwing}` },
  );
  program.kill('SIGUSR2');
  t.match(await program.ended, { code: 1, signal: null });
  t.match(program.log.at(-1), { level: 'fatal', err: { message: 'boom', stack: /boom/ } });
});
