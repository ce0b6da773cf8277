import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { decodeGreeting } from '../../src/protocol/greeting.js';
import { makeAuthority, serverTls } from '../support/certificates.js';
import { commandLine, connectOptions } from '../support/clients.js';
import { DRIVERS, isMissing } from '../support/drivers.js';
import { startProxyHere } from '../support/inProcess.js';
import { RawClient } from '../support/rawClient.js';
import { run } from '../support/run.js';
import { commandLineOf, MYSQL9_ENV, startServer } from '../support/servers.js';
import { startSluice, type Sluice } from '../support/sluice.js';

// TLS for clients with the default settings.

const WHO_AM_I = "SELECT SUBSTRING_INDEX(USER(), '@', 1);";
/** The command line as users type it: without the server's key, and with its own TLS defaults. */
const PLAIN = ['--skip-get-server-public-key'];

const authority = await makeAuthority(t);
const server = await startServer(t, 'mysql', serverTls(authority, await authority.issue('db.example')));
const bare = await startServer(t, 'mariadb');
/** Empties the server's password cache, as after a start. */
const forget = (): Promise<unknown> => server.sql('FLUSH PRIVILEGES');

/** The fingerprint of the certificate that a client gets. */
const shown = async (port: number): Promise<string> => {
  const { stdout } = await run('openssl', ['s_client', '-starttls', 'mysql', '-connect', `127.0.0.1:${port}`]);
  return new X509Certificate(stdout.slice(stdout.indexOf('-----BEGIN'))).fingerprint256;
};

const told = (sluice: Sluice): unknown[] =>
  sluice.log().flatMap(({ fingerprint256 }) => (fingerprint256 === undefined ? [] : [fingerprint256]));

const offersTls = async (to: number | { readonly path: string }): Promise<boolean> => {
  const client = await RawClient.connect(to);
  const { capabilities } = decodeGreeting((await client.packet()).payload)!;
  client.close();
  return (capabilities & Capability.SSL) !== 0n;
};

await t.test("MySQL's programs and drivers log in right after the server's start, also with TLS", async (t) => {
  const sluice = await startSluice(t, { upstream: server.port });
  for (const flags of [[], ['--ssl-mode=REQUIRED']]) {
    await forget();
    t.same((await commandLine('mysql', sluice.port, WHO_AM_I, [...PLAIN, ...flags])).rows, [['app']], flags.join());
  }
  const drivers = {
    'MySQL Connector/J 9.7': { sslMode: 'PREFERRED', allowPublicKeyRetrieval: 'false' },
    'Connector/Python': { ssl_disabled: false },
  };
  for (const [name, options] of Object.entries(drivers)) {
    const driver = DRIVERS.find((candidate) => candidate.name === name)!;
    await t.test(name, { skip: isMissing(driver) }, async (t) => {
      await forget();
      t.match(await driver.read(sluice.port, 'SELECT 7', { options }), { sum: 7, error: null, after: { answer: 42 } });
    });
  }
  t.strictSame(told(sluice), [await shown(sluice.port)], 'the log has the fingerprint of what they are shown');
});

await t.test('"off" offers no TLS', async (t) => {
  const sluice = await startSluice(
    t, { upstream: server.port, config: { listen: { host: '127.0.0.1', tls: { mode: 'off' } } } },
  );
  t.match(
    (await commandLine('mysql', sluice.port, WHO_AM_I, [...PLAIN, '--ssl-mode=REQUIRED'])).errors, [{ code: 2026 }],
  );
  t.strictSame([await offersTls(sluice.port), told(sluice)], [false, []]);
});

await t.test('"required" works with Sluice\'s own certificate', async (t) => {
  const tls = { mode: 'required' };
  const sluice = await startSluice(t, { upstream: server.port, config: { listen: { host: '127.0.0.1', tls } } });
  t.same((await commandLine('mysql', sluice.port, WHO_AM_I, PLAIN)).rows, [['app']]);
  t.match(
    (await commandLine('mysql', sluice.port, WHO_AM_I, [...PLAIN, '--ssl-mode=DISABLED'])).errors, [{ code: 3159 }],
  );
});

await t.test('offers no TLS when the server offers none, or when passwords may not be bridged', async (t) => {
  const sluice = await startSluice(t, { upstream: bare.port });
  t.notOk(await offersTls(sluice.port));
  const unbridged = { upstream: { host: '127.0.0.1', tls: { mode: 'off', bridge: false } } };
  t.notOk(await offersTls((await startSluice(t, { upstream: server.port, config: unbridged })).port));
  const bridged = { upstream: { host: '127.0.0.1', tls: { mode: 'off' } } };
  const inClear = await startSluice(t, { upstream: server.port, config: bridged });
  await forget();
  t.same((await commandLine('mysql', inClear.port, WHO_AM_I, [...PLAIN, '--ssl-mode=REQUIRED'])).rows, [['app']]);
});

await t.test('offers TLS when the chosen one of several servers offers it', async (t) => {
  const upstream = [bare.port, server.port].map((port) => ({ host: '127.0.0.1', port }));
  const here = await startProxyHere(bare.port, { listen: { host: '127.0.0.1', port: 0 }, upstream });
  t.teardown(() => here.stop());
  t.notOk(await offersTls(here.port), 'the first one offers none');
  await bare.stop();
  t.ok(await offersTls(here.port), 'the second one does');
  await forget();
  t.same((await commandLine('mysql', here.port, WHO_AM_I, [...PLAIN, '--ssl-mode=REQUIRED'])).rows, [['app']]);
});

await t.test('several workers show one certificate, which its folder keeps from start to start', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-certificate-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const config = { workers: 2, listen: { host: '127.0.0.1', tls: { folder } } };
  const first = await startSluice(t, { upstream: server.port, config });
  const fingerprints = [await shown(first.port), await shown(first.port), await shown(first.port)];
  t.equal(new Set(fingerprints).size, 1);
  t.strictSame(told(first), [fingerprints[0]], 'the primary says it, once');
  await first.stop();
  const next = await startSluice(t, { upstream: server.port, config: { ...config, workers: 1 } });
  t.equal(await shown(next.port), fingerprints[0]);
  const verified = [...PLAIN, '--ssl-mode=VERIFY_CA', `--ssl-ca=${join(folder, 'cert.pem')}`];
  t.same(
    (await commandLine('mysql', next.port, WHO_AM_I, verified)).rows, [['app']], 'clients can be given it to check',
  );
});

await t.test('encrypts nothing over a Unix socket', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-socket-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 's.sock');
  const here = await startProxyHere(server.port, { listen: { path }, upstreamTls: { mode: 'preferred' } });
  t.teardown(() => here.stop());
  t.notOk(await offersTls({ path }));
  const options = connectOptions('mysql', 0).filter((option) => !/^--(protocol|host|port)=/.test(option));
  const { stdout } = await run(
    commandLineOf('mysql'), [...options, `--socket=${path}`, '--execute', WHO_AM_I], { env: MYSQL9_ENV },
  );
  t.match(stdout, /^app$/m);
});
