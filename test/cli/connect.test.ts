import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findingLine } from '../../src/cli/connect/finding.js';
import { lookAround } from '../../src/cli/connect/lookAround.js';
import { readConfig } from '../../src/config/load.js';
import { startDemoServer } from '../../src/demo/server.js';
import { configFile } from '../config/configFile.js';
import { makeAuthority } from '../support/certificates.js';
import { startProxyHere } from '../support/inProcess.js';
import { sluice } from './program.js';

const DAY_MS = 24 * 3_600_000;

const linesOf = async (settings: object, nowMs = Date.now()): Promise<string[]> => {
  const config = readConfig({ listen: '127.0.0.1:0', ...settings });
  return (await lookAround(config, nowMs)).map(findingLine);
};

const demo = await startDemoServer();
t.teardown(() => demo.close());
const upstream = `127.0.0.1:${demo.address.port}`;

t.test('check --connect prints a line for each thing that it needs, and ends with 1 when one fails', async (t) => {
  const config = { listen: '127.0.0.1:0', upstream, admin: { listen: '127.0.0.1:0' } };
  const good = await sluice(['check', '--connect', '--config', configFile(t, config)]);
  t.match(good, { code: 0, stderr: 'The configuration is good.\n' });
  t.match(good.stdout.split('\n'), [
    /^ok {6}listen: can listen on 127\.0\.0\.1:0$/,
    /^ok {6}upstream: 127\.0\.0\.1:\d+ is MySQL .* and took \d+ ms to answer a login$/,
    /^note {4}upstream\.tls: mode is "preferred", and connections are not encrypted$/,
    /^ok {6}audit\.to: records go to standard output$/,
    /^ok {6}admin\.listen: can listen on 127\.0\.0\.1:0$/,
    /^$/,
  ]);
  const bad = await sluice(['check', '--connect', '--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:1']);
  t.match(bad, { code: 1, stderr: 'The configuration is good.\n1 thing that it needs failed.\n' });
  t.match(bad.stdout, /^FAILED {2}upstream: 127\.0\.0\.1:1: .*ECONNREFUSED/m);
  const both = await sluice(['check', '--connect', '--upstream', 'db', '--as', 'user=x', '--sql', 'SELECT 1']);
  t.match(both, { code: 2, stdout: '', stderr: /^--connect: leave --as and --sql out$/m });
});

t.test('reports each server on its own lines, and a silent one as failed after the time-out', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const found = await linesOf({
    upstream: [port, demo.address.port].map((of) => ({ host: '127.0.0.1', port: of, tls: { mode: 'off' } })),
    connections: { connectTimeout: '2s' },
  });
  t.match(found.filter((line) => line.includes('upstream')), [
    /^FAILED {2}upstream\[0\]: .*: the server did not complete the login within 2000 ms$/,
    /^ok {6}upstream\[1\]: .* is MySQL/,
    /^ok {6}upstream\[1\]\.tls: mode is "off", and connections are not encrypted$/,
  ]);
});

t.test('tries the encryption that the configuration asks for, and reports when the certificate expires', async (t) => {
  const authority = await makeAuthority(t);
  const stranger = await makeAuthority(t);
  const proxy = await startProxyHere(demo.address.port, {
    listen: { host: '127.0.0.1', port: 0, tls: { mode: 'optional', ...await authority.issue('localhost') } },
  });
  t.teardown(() => proxy.stop());
  const tls = async (settings: object, nowMs?: number): Promise<string[]> => (await linesOf({
    upstream: { host: '127.0.0.1', port: proxy.port, tls: { serverName: 'localhost', ...settings } },
  }, nowMs)).filter((line) => line.includes('upstream'));
  const good = { mode: 'verify-full', ca: authority.ca };
  const isCertificate = /^ok {6}upstream\.tls\.ca: the certificate authority .* expires at /;
  const reached = /^ok {6}upstream: /;
  const isEncrypted = /^ok {6}upstream\.tls: mode is "verify-full", and connections are encrypted \(TLSv1\.3, /;
  t.match(await tls(good), [
    reached, isEncrypted, /^ok {6}upstream\.tls: the server's certificate expires at /, isCertificate,
  ]);
  const soon = await tls(good, Date.now() + 50 * DAY_MS);
  t.match(soon, [reached, isEncrypted, /^note /, /^note {4}.* in less than 14 days$/]);
  const late = await tls(good, Date.now() + 90 * DAY_MS);
  t.match(late, [
    reached, isEncrypted, /^FAILED {2}.*certificate expired at /, /^FAILED {2}.* expired at .*; replace it$/,
  ]);
  t.match(await tls({ ...good, serverName: 'elsewhere' }), [/^FAILED {2}upstream: .*upstream\.tls\.serverName/, /^ok/]);
  t.match(await tls({ ...good, ca: stranger.ca }), [/^FAILED {2}upstream: .*upstream\.tls\.ca/, /^ok/]);
  const unencrypted = { host: '127.0.0.1', port: demo.address.port, tls: { mode: 'required' } };
  t.match((await linesOf({ upstream: unencrypted }))[1], /^FAILED {2}upstream: .*: the server offers no TLS$/);
});

t.test('notes an address that is in use, and fails for one that cannot be opened', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-connect-')); // the path of a socket has to be short
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'no-socket'), '');
  const taken = join(folder, 'taken.sock');
  const server = createServer().listen(taken);
  await once(server, 'listening');
  t.teardown(() => server.close());
  const free = join(folder, 'free.sock');
  const found = await linesOf({
    upstream, listen: [taken, free, join(folder, 'no-socket'), '/nowhere/x.sock', upstream, '192.0.2.1:3307'],
  });
  t.match(found.slice(0, 6), [
    /^note {4}listen\[0\]: a program listens on .*taken\.sock: a Sluice that runs already, or another$/,
    /^ok {6}listen\[1\]: can listen on .*free\.sock$/,
    /^FAILED {2}listen\[2\]: cannot listen on .*: there is a file that is not a socket/,
    /^FAILED {2}listen\[3\]: cannot listen on \/nowhere\/x\.sock: its folder does not exist/,
    /^note {4}listen\[4\]: a program listens on 127\.0\.0\.1:\d+: /,
    /^FAILED {2}listen\[5\]: cannot listen on 192\.0\.2\.1:3307: .*give one of its own with --listen$/,
  ]);
  t.notOk(existsSync(free), 'nothing is left over');
});

t.test('opens the audit file, and leaves none that did not exist', async (t) => {
  const folder = t.testdir({ old: 'records\n' });
  const audit = async (to: string) =>
    (await linesOf({ upstream, audit: { to } })).find((line) => line.includes('audit.to'));
  t.match(await audit(join(folder, 'new')), /^ok {6}audit\.to: .*new can be written, and is not there yet$/);
  t.notOk(existsSync(join(folder, 'new')));
  t.match(await audit(join(folder, 'old')), /^ok {6}audit\.to: .*old can be written$/);
  t.match(await audit(folder), /^FAILED {2}audit\.to: EISDIR.*: give a file that can be written, or "stdout"$/);
});
