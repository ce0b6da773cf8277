import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config/load.js';
import { Readiness } from '../../src/relay/readiness.js';
import { makeAuthority, serverTls, type Certificate } from '../support/certificates.js';
import { commandLine, connectOptions } from '../support/clients.js';
import { run, runOk } from '../support/run.js';
import {
  commandLineOf, MYSQL9_ENV, SERVER_KINDS, startServer, type Server, type ServerKind,
} from '../support/servers.js';
import { startSession } from '../support/session.js';
import { startSluice, type Sluice } from '../support/sluice.js';

const WHO_AM_I = "SELECT SUBSTRING_INDEX(USER(), '@', 1);";
const CIPHER = "SHOW SESSION STATUS LIKE 'Ssl_cipher';";

const authority = await makeAuthority(t);
const relay = await authority.issue('localhost', 'DNS:localhost,IP:127.0.0.1');
const database = await authority.issue('db.example');
const ours = await authority.issue('sluice');

const inClear = ['--ssl-mode=DISABLED'];
const encrypted = ['--ssl-mode=VERIFY_CA', `--ssl-ca=${authority.ca}`];

const config = (listenTls: object, upstreamTls: object = {}, more: object = {}): object => ({
  listen: { host: '127.0.0.1', tls: listenTls }, upstream: { host: '127.0.0.1', tls: upstreamTls },
  streaming: { signals: [] }, // on a busy machine any client may read slowly
  ...more,
});

/** Waits until the log is complete; returns whether a line matches. */
const said = async (sluice: Sluice, text: RegExp): Promise<boolean> => {
  await sluice.stop();
  return sluice.log().some(({ msg }) => text.test(msg));
};

/** The connection status of a command line without TLS options, except the CA. */
const statusWithDefaults = async (vendor: ServerKind, port: number): Promise<string> => {
  const options = connectOptions(vendor, port).filter((option) => !/ssl|public-key/.test(option));
  const flags = [...options, `--ssl-ca=${authority.ca}`, '--batch', ...(vendor === 'mysql' ? ['--commands'] : [])];
  return (await run(commandLineOf(vendor), flags, { input: 'status', env: MYSQL9_ENV })).stdout;
};

/** Checks that the later of two sessions resumes the TLS session of the first, which is open. */
const resumesTls = async (t: Test, server: Server): Promise<void> => {
  const settings = config({}, { mode: 'verify-ca', ca: authority.ca });
  const sluice = await startSluice(t, { upstream: server.port, config: settings });
  for (const reused of ['0', '1']) {
    const { last } = await (await startSession(t, sluice.port)).run("SHOW SESSION STATUS LIKE 'Ssl_sessions_reused'");
    t.same(last, ['Ssl_sessions_reused', reused]);
  }
};

const LARGE_COMMAND = `SELECT '${'x'.repeat(2 * 2 ** 20)}'`;
/** A client reads the server's error or the close first, by chance. */
const TRIES = 2;

/** Checks the server's error for a command over max_allowed_packet, after which it closes without reading the rest. */
const hearsWhyServerCloses = async (t: Test, server: Server): Promise<void> => {
  await server.sql('SET GLOBAL max_allowed_packet = 1048576');
  for (const mode of ['off', 'required']) {
    const settings = config({ mode: 'optional', ...relay }, { mode });
    const sluice = await startSluice(t, { upstream: server.port, config: settings });
    for (const connect of [{}, { ssl: { ca: authority.ca } }]) {
      for (let i = 0; i < TRIES; i += 1) {
        const { error } = await (await startSession(t, sluice.port, { connect })).run(LARGE_COMMAND);
        t.match(error, { code: 1153 }, `upstream.tls.mode ${mode}, ${JSON.stringify(connect)}`);
      }
    }
  }
  await server.sql('SET GLOBAL max_allowed_packet = 1073741824');
};

await t.test('in front of mysql', async (t) => {
  const server = await startServer(t, 'mysql', serverTls(authority, database));
  await server.sql(`CREATE USER strict IDENTIFIED BY 'secret' REQUIRE SSL; GRANT ALL ON *.* TO strict;
    CREATE USER named IDENTIFIED BY 'secret' REQUIRE X509; GRANT ALL ON *.* TO named;
    CREATE USER other IDENTIFIED BY 'hidden'; GRANT ALL ON *.* TO other;`);
  const upstream = server.port;

  await t.test('encrypts the connection to the server by default, and logs that', async (t) => {
    const sluice = await startSluice(t, { upstream });
    const seen = await commandLine('mysql', sluice.port, CIPHER);
    t.match(seen.rows, [['Ssl_cipher', /TLS|AES/]]);
    t.ok(await said(sluice, /upstream\.tls: connections to the server are encrypted \(TLSv1/));
  });

  await t.test('resumes the TLS session of an open connection to the server', (t) => resumesTls(t, server));

  await t.test('a client with default options and the CA encrypts by itself', async (t) => {
    const sluice = await startSluice(t, { upstream, config: config({ mode: 'optional', ...relay }) });
    for (const vendor of SERVER_KINDS) {
      t.match(await statusWithDefaults(vendor, sluice.port), /SSL:\s+Cipher in use is/, vendor);
    }
  });

  await t.test("gives a client in clear the server's error when encryption is required", async (t) => {
    const sluice = await startSluice(t, { upstream, config: config({ mode: 'required', ...relay }) });
    t.match((await commandLine('mysql', sluice.port, WHO_AM_I, inClear)).errors, [{ code: 3159, sqlState: 'HY000' }]);
    t.same((await commandLine('mysql', sluice.port, WHO_AM_I, encrypted)).rows, [['app']]);
  });

  await t.test('refuses a client without a certificate when requestCert asks for one', async (t) => {
    const tls = { mode: 'required', ...relay, ca: authority.ca, requestCert: true };
    const sluice = await startSluice(t, { upstream, config: config(tls) });
    t.not((await commandLine('mysql', sluice.port, WHO_AM_I, encrypted)).stderr, '');
    const shown = [...encrypted, `--ssl-cert=${ours.cert}`, `--ssl-key=${ours.key}`];
    t.same((await commandLine('mysql', sluice.port, WHO_AM_I, shown)).rows, [['app']]);
    const { errors } = await commandLine('mysql', sluice.port, WHO_AM_I, [...shown, '--user=named']);
    const remark = /Access denied.*\(sluice: .*sees the one of upstream\.tls\.cert, never the client's\)$/;
    t.match(errors, [{ code: 1045, message: remark }]);
  });

  await t.test('refuses clients without the required version or ciphers', async (t) => {
    const cipher = 'ECDHE-RSA-AES256-GCM-SHA384';
    const offering = (terms: object): Promise<Sluice> =>
      startSluice(t, { upstream, config: config({ mode: 'optional', ...relay, ...terms }) });
    const newest = await offering({ minVersion: 'TLSv1.3' });
    const chosen = await offering({ ciphers: cipher });
    const with12 = [...encrypted, '--tls-version=TLSv1.2'];
    t.match((await commandLine('mysql', newest.port, WHO_AM_I, with12)).stderr, /^ERROR 2026/m);
    t.same(
      (await commandLine('mysql', newest.port, WHO_AM_I, [...encrypted, '--tls-version=TLSv1.3'])).rows, [['app']],
    );
    t.same((await commandLine('mysql', chosen.port, WHO_AM_I, [...with12, `--ssl-cipher=${cipher}`])).rows, [['app']]);
    const other = [...with12, '--ssl-cipher=ECDHE-RSA-AES128-GCM-SHA256'];
    t.match((await commandLine('mysql', chosen.port, WHO_AM_I, other)).stderr, /^ERROR 2026/m);
    t.ok(await said(newest, /the TLS handshake with the client failed/));
  });

  await t.test('the documented commands make a certificate that clients accept', async (t) => {
    const topic = readFileSync(new URL('../../src/help/encryption.md', import.meta.url), 'utf8');
    const block = (start: string): string => new RegExp(`^ {4}${start}(?:.*\\n(?: {4}|$))*`, 'm').exec(topic)![0];
    const folder = t.testdir();
    await runOk('/bin/sh', ['-ec', `cd '${folder}'\n${block('openssl')}`]);
    const settings = block('\\{\\n {6}"listen"')
      .replaceAll(/"(cert|key)\.pem"/g, `"${folder}/$1.pem"`);
    const sluice = await startSluice(t, { upstream, config: JSON.parse(settings) as object });
    for (const vendor of SERVER_KINDS) {
      const command = new RegExp(`^ {4}${vendor} (--host=.*\\\\\\n.*--ssl-ca=ca.pem.*)$`, 'm').exec(topic)![1]!;
      const flags = command.replace(/\\\n +/, '').replace('3307', `${sluice.port}`).replace('ca.pem', `${folder}/ca.pem`)
        .replace('--password', '--password=secret').split(' ');
      const asked = ['--no-defaults', ...flags, `--execute=${WHO_AM_I}`];
      const { stdout } = await run(commandLineOf(vendor), asked, { env: MYSQL9_ENV });
      t.match(stdout, /^app$/m, vendor);
    }
  });

  await t.test('accounts that require TLS or a certificate log in when Sluice has it', async (t) => {
    const plain = await startSluice(t, { upstream, config: config({}, { mode: 'off' }) });
    t.match((await commandLine('mysql', plain.port, WHO_AM_I, [...inClear, '--user=strict'])).errors, [{ code: 1045 }]);
    const without = await startSluice(t, { upstream, config: config({}, { mode: 'required' }) });
    t.same((await commandLine('mysql', without.port, WHO_AM_I, [...inClear, '--user=strict'])).rows, [['strict']]);
    t.match(
      (await commandLine('mysql', without.port, WHO_AM_I, [...inClear, '--user=named'])).errors, [{ code: 1045 }],
    );
    const own = await startSluice(t, { upstream, config: config({}, { mode: 'required', ...ours }) });
    t.same((await commandLine('mysql', own.port, WHO_AM_I, [...inClear, '--user=named'])).rows, [['named']]);
  });

  await t.test("checks the server's certificate against its authority and its name", async (t) => {
    const stranger = await makeAuthority(t, 'stranger');
    const refused = { ca: stranger.ca, mode: 'verify-ca' };
    const cases = [
      [refused, /the TLS handshake with the upstream server failed: .*certificate.*: set upstream\.tls\.ca to /],
      [
        { ca: authority.ca, mode: 'verify-full' },
        /the TLS handshake with the upstream server failed: .*not in the cert.*: set upstream\.tls\.serverName /,
      ],
      [{ ca: authority.ca, mode: 'verify-ca' }, null],
      [{ ca: authority.ca, mode: 'verify-full', serverName: 'db.example' }, null],
    ] as const;
    for (const [tls, message] of cases) {
      const sluice = await startSluice(t, { upstream, config: config({}, tls) });
      const { rows, errors } = await commandLine('mysql', sluice.port, WHO_AM_I, inClear);
      if (message === null) t.same(rows, [['app']], JSON.stringify(tls));
      else t.match(errors, [{ code: 1429, message }]);
    }
  });

  await t.test('refuses a password that cannot pass when bridging is off', async (t) => {
    const sluice = await startSluice(t, {
      upstream, config: config({ mode: 'optional', ...relay }, { mode: 'off', bridge: false }),
    });
    await server.sql('FLUSH PRIVILEGES');
    const { errors } = await commandLine('mysql', sluice.port, WHO_AM_I, encrypted);
    t.match(errors, [{ code: 1251, message: /upstream\.tls\.bridge/ }]);
    t.same((await commandLine('mysql', server.port, WHO_AM_I, encrypted)).rows, [['app']]);
    t.same(
      (await commandLine('mysql', sluice.port, WHO_AM_I, encrypted)).rows, [['app']], 'the cache needs no password',
    );
  });

  await t.test('does not send a password on in clear that a client sent inside TLS', async (t) => {
    const sluice = await startSluice(
      t, { upstream, config: config({ mode: 'optional', ...relay }, { mode: 'off' }) },
    );
    const flags = [...encrypted, '--default-auth=mysql_clear_password', '--enable-cleartext-plugin'];
    t.same(
      (await commandLine('mysql', sluice.port, WHO_AM_I, flags)).rows, [['app']], 'the account has another plugin',
    );
  });

  await t.test("relays the server's error for a wrong password, whatever is encrypted", async (t) => {
    for (const mode of ['off', 'required']) {
      const sluice = await startSluice(t, { upstream, config: config({ mode: 'optional', ...relay }, { mode }) });
      for (const tls of [inClear, encrypted]) {
        await server.sql('FLUSH PRIVILEGES');
        const seen = await commandLine('mysql', sluice.port, WHO_AM_I, [...tls, '--password=wrong']);
        t.match(seen.errors, [{ code: 1045, sqlState: '28000' }], `${tls[0]}, ${mode}`);
      }
    }
  });

  await t.test('follows a change of user on a live connection, whatever is encrypted', async (t) => {
    for (const mode of ['off', 'required']) {
      const sluice = await startSluice(t, {
        upstream,
        config: config({ mode: 'optional', ...relay }, { mode }, { limits: { rows: 10 }, log: { level: 'trace' } }),
      });
      const tls = { ssl: { ca: authority.ca } };
      for (const connect of [{}, tls, { compress: true }, { ...tls, compress: true }]) {
        await server.sql('FLUSH PRIVILEGES');
        const session = await startSession(t, sluice.port, { connect });
        await session.changeUser('other', 'hidden', 'shop');
        await session.changeUser('other', 'hidden', 'shop'); // now the server has cached the password
        const seen = await session.run('SELECT id FROM numbers');
        t.match(seen, { error: { code: 3170 } }, `${JSON.stringify(connect)}, ${mode}`);
        t.match(await sluice.nextRecord(), { user: 'other', forwardedRows: 10 });
        t.match(await session.run('SELECT 42'), { sum: 42 });
        await session.close();
      }
      t.notMatch(JSON.stringify([sluice.log(), sluice.records()]), /secret|hidden/, 'no password is written down');
    }
  });

  await t.test('does not count results inside TLS that passes through, and logs that', async (t) => {
    const sluice = await startSluice(
      t, { upstream, config: config({ mode: 'passthrough' }, {}, { limits: { rows: 10 } }) },
    );
    const { rows, errors } = await commandLine('mysql', sluice.port, 'SELECT id FROM numbers;', encrypted);
    t.same([rows.length, errors], [200_000, []]);
    t.match((await commandLine('mysql', sluice.port, 'SELECT id FROM numbers;', inClear)).errors, [{ code: 3170 }]);
    t.ok(await said(sluice, /TLS is passed through/));
    t.ok(await said(sluice, /listen\.tls\.mode: is "passthrough"/), 'at its start, too');
    const strict = await startSluice(
      t, { upstream, config: config({ mode: 'passthrough' }, {}, { onUnparsed: 'close' }) },
    );
    const refused = await commandLine('mysql', strict.port, WHO_AM_I, encrypted);
    t.not(refused.stderr, '', 'where what cannot be followed is to be closed');
    t.ok(await said(strict, /TLS is passed through and cannot be followed/));
  });

  await t.test('kills a cut query over an encrypted connection', async (t) => {
    const kill = { user: 'strict', password: 'secret' };
    const sluice = await startSluice(t, {
      upstream, config: config({ mode: 'optional', ...relay }, { mode: 'required' }, { kill, limits: { rows: 10 } }),
    });
    const sql = 'SELECT a.id FROM numbers a, numbers b;\nSELECT 42;';
    t.match((await commandLine('mysql', sluice.port, sql, encrypted)).errors, [{ code: 3170 }]);
    t.match(await sluice.nextRecord(), { action: 'cut', outcome: 'killed' });
  });

  await t.test("a readiness check logs in with kill's account, encrypted as upstream.tls says", async (t) => {
    const kill = { user: 'strict', password: 'secret' };
    const checked = readConfig({ upstream: { host: '127.0.0.1', port: upstream, tls: { mode: 'required' } }, kill });
    const show = "SHOW GLOBAL STATUS WHERE VARIABLE_NAME IN ('Aborted_connects', 'Ssl_finished_accepts')";
    const counts = async (): Promise<number[]> => (await server.sql(show)).map(([, count]) => Number(count));
    const [denied, encryptions] = await counts();
    const readiness = new Readiness(checked, pino({ level: 'silent' }));
    t.equal(await readiness.takesLogins(), true);
    readiness.close();
    t.same(await counts(), [denied, encryptions! + 1], 'nobody is denied');
  });

  await t.test('the server stops when a client stops reading, through TLS on both connections', async (t) => {
    const sluice = await startSluice(t, {
      upstream,
      config: config({ mode: 'optional', ...relay }, { mode: 'required' }, { limits: { rows: null, bytes: null } }),
    });
    const session = await startSession(t, sluice.port, { connect: { ssl: { ca: authority.ca } } });
    const sql = "SELECT a.id, REPEAT('x', 1000) FROM numbers a";
    const before = sluice.residentBytes();
    await session.begin(sql, 1, 0);
    const find = 'SELECT 1 FROM information_schema.PROCESSLIST ' +
      "WHERE INFO LIKE 'SELECT a.id%' AND STATE = 'Sending to client'";
    let waits = await server.sql(find);
    while (waits.length === 0) waits = await server.sql(find);
    t.ok(sluice.residentBytes() - before < 64 * 2 ** 20, 'of 200 MB little is in Sluice');
    t.match(await session.rest(), { rows: 199_999, error: null });
    await session.close();
  });

  await t.test("relays the server's error for a command that is too large, whatever is encrypted", (t) =>
    hearsWhyServerCloses(t, server));

  await t.test('shows a replaced certificate to the next client', async (t) => {
    const folder = t.testdir();
    const files: Certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const put = (from: Certificate): void => {
      copyFileSync(from.key, files.key);
      copyFileSync(from.cert, files.cert);
    };
    put(relay);
    const sluice = await startSluice(t, { upstream, config: config({ mode: 'optional', ...files }) });
    const shown = async (): Promise<string> => (await run('openssl', ['s_client', '-starttls', 'mysql', '-connect',
      `127.0.0.1:${sluice.port}`])).stdout;
    t.match(await shown(), /subject=CN = localhost/);
    put(await authority.issue('renewed'));
    let subject = await shown();
    while (!subject.includes('CN = renewed')) subject = await shown();
    t.ok(await said(sluice, /the files have changed and have been read again/));
  });
});

await t.test('in front of mariadb', async (t) => {
  const server = await startServer(t, 'mariadb', serverTls(authority, database));
  await server.sql(`CREATE USER strict IDENTIFIED BY 'secret' REQUIRE SSL; GRANT ALL ON *.* TO strict;
    CREATE USER named IDENTIFIED BY 'secret' REQUIRE X509; GRANT ALL ON *.* TO named;
    CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('hidden'); GRANT ALL ON *.* TO ed;`);
  const upstream = server.port;

  await t.test("relays the server's error for a command that is too large, whatever is encrypted", (t) =>
    hearsWhyServerCloses(t, server));

  await t.test('a client with default options and the CA encrypts by itself', async (t) => {
    const sluice = await startSluice(t, { upstream, config: config({ mode: 'optional', ...relay }) });
    for (const vendor of SERVER_KINDS) {
      t.match(await statusWithDefaults(vendor, sluice.port), /SSL:\s+Cipher in use is/, vendor);
    }
  });

  await t.test('accounts that require TLS or a certificate log in when Sluice has it', async (t) => {
    const plain = await startSluice(t, { upstream, config: config({}, { mode: 'off' }) });
    t.match((await commandLine('mariadb', plain.port, WHO_AM_I, ['--user=strict'])).errors, [{ code: 1045 }]);
    const own = await startSluice(t, { upstream, config: config({}, { mode: 'required', ...ours }) });
    for (const user of ['strict', 'named']) {
      t.same((await commandLine('mariadb', own.port, WHO_AM_I, [`--user=${user}`])).rows, [[user]]);
    }
  });

  await t.test('follows a change of user on a live connection, whatever is encrypted', async (t) => {
    for (const mode of ['off', 'required']) {
      const sluice = await startSluice(t, { upstream, config: config({ mode: 'optional', ...relay }, { mode }) });
      for (const connect of [{}, { ssl: { ca: authority.ca } }]) {
        const session = await startSession(t, sluice.port, { connect });
        await session.changeUser('ed', 'hidden', 'shop');
        t.match(await session.run("SELECT USER() LIKE 'ed@%'"), { sum: 1 }, `${JSON.stringify(connect)}, ${mode}`);
        await session.changeUser('app', 'secret', 'shop');
        t.match(await session.run("SELECT USER() LIKE 'app@%'"), { sum: 1 });
        await session.close();
      }
    }
  });
});

await t.test('refuses a server without TLS with "required", and accepts it with "preferred"', async (t) => {
  const server = await startServer(t, 'mariadb');
  const strict = await startSluice(t, { upstream: server.port, config: config({}, { mode: 'required' }) });
  t.match((await commandLine('mariadb', strict.port, WHO_AM_I)).errors, [{ code: 1429, message: /offers no TLS/ }]);
  const mild = await startSluice(t, { upstream: server.port });
  t.same((await commandLine('mariadb', mild.port, WHO_AM_I)).rows, [['app']]);
  t.ok(await said(mild, /not encrypted: it does not offer that/));
});
