import { pino, type Logger } from 'pino';
import t, { type Test } from 'tap';
import { lookAround } from '../../src/cli/connect/lookAround.js';
import { readConfig } from '../../src/config/load.js';
import { Killer, KILL_LIMITS, type KillTarget } from '../../src/control/killer.js';
import { ServerRefusal } from '../../src/control/serverRefusal.js';
import { ControlConnection } from '../../src/control/controlConnection.js';
import { SERVER_KINDS, startServer, type Server, type ServerKind } from '../support/servers.js';
import { remoteAt } from '../support/remote.js';

// The privileges that Sluice's account needs to kill queries of others, on either server.
const PRIVILEGES: Record<ServerKind, string> = {
  mysql: 'PROCESS, CONNECTION_ADMIN',
  mariadb: 'PROCESS, CONNECTION ADMIN',
};
/** Runs for hours and sends nothing. */
const ENDLESS = 'SELECT SUM(a.id + b.id + c.id) FROM shop.numbers a, shop.numbers b, shop.numbers c';
const PASSWORD = 'hidden-from-logs';
const ER_QUERY_INTERRUPTED = 1317;

interface Said {
  readonly lines: string[];
  readonly log: Logger;
}

const listen = (): Said => {
  const lines: string[] = [];
  return { lines, log: pino({}, { write: (line: string) => void lines.push(line) }) };
};

/** A killer with the account `user`; closed with the test. */
const startKiller = (t: Test, user: string, password = PASSWORD): Said & { killer: Killer } => {
  const said = listen();
  const killer = new Killer({ user, password }, KILL_LIMITS, said.log);
  t.teardown(() => killer.close());
  return { ...said, killer };
};

/** A connection whose statements the test kills, as the server's process list shows it. */
interface Victim {
  readonly connection: ControlConnection;
  readonly target: KillTarget;
  /**
   * Runs the endless statement. Resolves when the server shows it, with a function that gives the error code at its
   * end.
   */
  run(): Promise<() => Promise<number>>;
}

const startVictim = async (t: Test, server: Server, user = 'victim'): Promise<Victim> => {
  const remote = remoteAt(server.port);
  const connection = new ControlConnection(remote, {
    account: { user, password: PASSWORD }, connectTimeoutMs: 60_000, answerTimeoutMs: 600_000, encrypt: null,
  });
  t.teardown(() => connection.destroy('the test is over'));
  await connection.logIn();
  const [own] = await connection.query(
    'SELECT ID, HOST FROM information_schema.PROCESSLIST WHERE ID = CONNECTION_ID()');
  const target = {
    connectionId: Number(own![0]), user,
    localAddress: '127.0.0.1', localPort: Number(own![1]!.split(':').pop()),
    remote,
  };
  const run: Victim['run'] = async () => {
    const ended = connection.query(ENDLESS).then(() => 0, (error: unknown) => {
      if (error instanceof ServerRefusal) return error.code;
      throw error;
    });
    while (!(await isRunning(server, victim)));
    return () => ended;
  };
  const victim = { connection, target, run };
  return victim;
};

/** Ids of the server's connections for which `condition` is true. */
const shown = async (server: Server, condition: string): Promise<string[]> =>
  (await server.sql(`SELECT ID FROM information_schema.PROCESSLIST WHERE ${condition}`)).map(([id]) => id!);

const isRunning = async (server: Server, { target }: Victim): Promise<boolean> =>
  (await shown(server, `ID = ${target.connectionId} AND COMMAND = 'Query'`)).length > 0;

const controlConnections = (server: Server): Promise<string[]> => shown(server, "USER = 'sluice'");

for (const kind of SERVER_KINDS) {
  await t.test(kind, async (t) => {
    const server = await startServer(t, kind);
    const account = (user: string): string =>
      `CREATE USER '${user}'@'%' IDENTIFIED BY '${PASSWORD}'; GRANT SELECT ON shop.* TO '${user}'@'%';`;
    await server.sql(['victim', 'sluice', 'bare', 'looker', 'upstart'].map(account).join(' '));
    const grant = (privileges: string, user: string): Promise<unknown> =>
      server.sql(`GRANT ${privileges} ON *.* TO '${user}'@'%'`);
    await grant(PRIVILEGES[kind], 'sluice');
    await grant('PROCESS', 'looker');

    await t.test('kills a running statement, and its connection goes on', async (t) => {
      const { killer, lines } = startKiller(t, 'sluice');
      const victim = await startVictim(t, server);
      const code = await victim.run();
      t.equal(await killer.kill(victim.target), 'killed');
      t.equal(await code(), ER_QUERY_INTERRUPTED);
      t.notOk(await isRunning(server, victim));
      t.same(await victim.connection.query('SELECT 42'), [['42']]);
      t.same(lines, []);
    });

    await t.test('several kills share one warm connection', async (t) => {
      const { killer } = startKiller(t, 'sluice');
      const victim = await startVictim(t, server);
      const seen = new Set<string>();
      for (let i = 0; i < 3; i += 1) {
        const code = await victim.run();
        t.equal(await killer.kill(victim.target), 'killed');
        t.equal(await code(), ER_QUERY_INTERRUPTED);
        (await controlConnections(server)).forEach((id) => seen.add(id));
      }
      t.equal(seen.size, 1);
    });

    await t.test('replaces a warm connection that the server has closed', async (t) => {
      const { killer, lines } = startKiller(t, 'sluice');
      const victim = await startVictim(t, server);
      for (let i = 0; i < 2; i += 1) {
        const code = await victim.run();
        t.equal(await killer.kill(victim.target), 'killed');
        t.equal(await code(), ER_QUERY_INTERRUPTED);
        for (const id of await controlConnections(server)) await server.sql(`KILL ${id}`);
      }
      t.same(lines, []);
    });

    await t.test('does not kill when the connection shows another user, port or address', async (t) => {
      const { killer, lines } = startKiller(t, 'sluice');
      const victim = await startVictim(t, server);
      const code = await victim.run();
      const { target } = victim;
      t.equal(await killer.kill({ ...target, user: 'app' }), 'no-match');
      t.equal(await killer.kill({ ...target, localPort: target.localPort! ^ 1 }), 'no-match');
      t.equal(await killer.kill({ ...target, localAddress: '127.0.0.2' }), 'no-match');
      t.ok(await isRunning(server, victim));
      t.equal(lines.length, 1, 'says so once');
      t.match(lines[0], 'another user, host or port');
      t.equal(await killer.kill(target), 'killed');
      t.equal(await code(), ER_QUERY_INTERRUPTED);
    });

    await t.test('does not kill when the connection is idle or gone', async (t) => {
      const { killer } = startKiller(t, 'sluice');
      const victim = await startVictim(t, server);
      t.equal(await killer.kill(victim.target), 'no-match');
      t.same(await victim.connection.query('SELECT 42'), [['42']]);
      await server.sql(`KILL ${victim.target.connectionId}`);
      t.equal(await killer.kill(victim.target), 'no-match');
    });

    await t.test('never hits the statement that follows a kill', async (t) => {
      const { killer } = startKiller(t, 'sluice');
      const victim = await startVictim(t, server);
      const outcomes = new Set<string>();
      for (let i = 0; i < 50; i += 1) {
        const slow = `SELECT COUNT(*) FROM shop.numbers WHERE label LIKE '%${i}%'`;
        const killed = victim.connection.query(slow).catch(() => []);
        outcomes.add(await killer.kill(victim.target));
        await killed;
        const innocent = `SELECT ${i}, COUNT(*) FROM shop.numbers WHERE id < 10`;
        t.same(await victim.connection.query(innocent), [[String(i), '9']]);
      }
      t.ok(outcomes.has('killed'));
    });

    await t.test('kills for sessions of its own account without any privilege', async (t) => {
      const { killer } = startKiller(t, 'bare');
      const victim = await startVictim(t, server, 'bare');
      const code = await victim.run();
      t.equal(await killer.kill(victim.target), 'killed');
      t.equal(await code(), ER_QUERY_INTERRUPTED);
    });

    await t.test('names the missing privilege when it may not see or not kill others', async (t) => {
      const victim = await startVictim(t, server);
      const code = await victim.run();
      const blind = startKiller(t, 'bare');
      t.equal(await blind.killer.kill(victim.target), 'no-match');
      t.match(blind.lines, [/no privilege PROCESS/]);
      const looker = startKiller(t, 'looker');
      t.equal(await looker.killer.kill(victim.target), 'failed');
      t.match(looker.lines, [/not owner of thread.*needs the privileges PROCESS and CONNECTION_ADMIN/]);
      t.equal(await startKiller(t, 'sluice').killer.kill(victim.target), 'killed');
      t.equal(await code(), ER_QUERY_INTERRUPTED);
    });

    await t.test('check --connect tells whether the account of kill sees the sessions of others and may kill', async (t) => {
      const found = async (user: string, password = PASSWORD) => {
        const upstream = `127.0.0.1:${server.port}`;
        const config = readConfig({ listen: '127.0.0.1:0', upstream, kill: { user, password } });
        const findings = await lookAround(config, Date.now());
        return findings.filter(({ path, says }) => !/^(listen|audit)/.test(path) && !/certificate/.test(says));
      };
      const name = kind === 'mysql' ? 'MySQL 9' : 'MariaDB 1';
      const reached = { state: 'ok', path: 'upstream', says: new RegExp(`^127\\.0\\.0\\.1:\\d+ is ${name}`) };
      const tls = { path: 'upstream.tls', says: /^mode is "preferred", and connections are / };
      const isKill = (state: string, says: RegExp) => ({ state, path: 'kill', says });
      t.match(await found('sluice'), [reached, tls, isKill('ok', /^sees the sessions of others at .*, and may kill$/)]);
      t.match(await found('bare'), [reached, tls, isKill('FAILED', /does not show the sessions of others; .* PROCESS/)]);
      t.match(await found('looker'), [reached, tls, isKill('FAILED', /You are not owner of thread .* CONNECTION_ADMIN/)]);
      const denied = await found('sluice', `${PASSWORD}-wrong`);
      t.match(denied, [reached, tls, isKill('FAILED', /^cannot log in at .*Access denied.*1045/)]);
      t.notMatch(JSON.stringify(denied), PASSWORD);
    });

    await t.test('kills with privileges that were granted after a failed kill', async (t) => {
      const { killer } = startKiller(t, 'upstart');
      const victim = await startVictim(t, server);
      const code = await victim.run();
      t.equal(await killer.kill(victim.target), 'no-match');
      await grant('PROCESS', 'upstart');
      t.equal(await killer.kill(victim.target), 'failed');
      await grant(PRIVILEGES[kind], 'upstart');
      t.equal(await killer.kill(victim.target), 'killed');
      t.equal(await code(), ER_QUERY_INTERRUPTED);
    });

    await t.test('fails with a wrong password, logs it once, and does not try again at once', async (t) => {
      const { killer, lines } = startKiller(t, 'sluice', `${PASSWORD}-wrong`);
      const { target } = await startVictim(t, server);
      for (let i = 0; i < 5; i += 1) t.equal(await killer.kill(target), 'failed');
      t.match(lines, [/Access denied.*1045/]);
      t.equal(lines.length, 1);
      t.notMatch(lines[0], PASSWORD);
    });

    await t.test('fails the kill when the server is gone', async (t) => {
      const { killer, lines } = startKiller(t, 'sluice');
      const { target } = await startVictim(t, server);
      t.equal(await killer.kill(target), 'no-match');
      await server.stop();
      t.equal(await killer.kill(target), 'failed');
      t.match(lines, [/ECONNREFUSED/]);
    });
  });
}

await t.test('MySQL with performance_schema', async (t) => {
  const server = await startServer(t, 'mysql', ['--performance-schema=ON']);
  await server.sql(`
    CREATE USER 'victim'@'%' IDENTIFIED BY '${PASSWORD}'; GRANT SELECT, SYSTEM_USER ON *.* TO 'victim'@'%';
    CREATE USER 'sluice'@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ${PRIVILEGES.mysql} ON *.* TO 'sluice'@'%';
  `);
  const victim = await startVictim(t, server);
  const code = await victim.run();

  await t.test('fails to kill an account with SYSTEM_USER when it lacks SYSTEM_USER', async (t) => {
    const { killer, lines } = startKiller(t, 'sluice');
    t.equal(await killer.kill(victim.target), 'failed');
    t.match(lines, [/SYSTEM_USER/]);
  });

  await t.test('kills an account with SYSTEM_USER when it has it, without the deprecated process list', async (t) => {
    await server.sql("GRANT SYSTEM_USER ON *.* TO 'sluice'@'%'");
    const { killer, lines } = startKiller(t, 'sluice');
    t.equal(await killer.kill(victim.target), 'killed');
    t.equal(await code(), ER_QUERY_INTERRUPTED);
    t.same(lines, []);
    const digests = await server.sql(`SELECT DIGEST_TEXT
      FROM performance_schema.events_statements_summary_by_digest
      WHERE DIGEST_TEXT LIKE 'SELECT SYSTEM_USER , HOST%'`);
    t.match(digests, [[/performance_schema/]]);
    t.equal(digests.length, 1);
  });
});

await t.test('kills statements when the server shows names in place of addresses', async (t) => {
  const server = await startServer(t, 'mariadb', ['--skip-name-resolve=0']);
  await server.sql(`
    CREATE USER 'victim'@'%' IDENTIFIED BY '${PASSWORD}'; GRANT SELECT ON *.* TO 'victim'@'%';
    CREATE USER 'sluice'@'%' IDENTIFIED BY '${PASSWORD}'; GRANT ${PRIVILEGES.mariadb} ON *.* TO 'sluice'@'%';
  `);
  const victim = await startVictim(t, server);
  const code = await victim.run();
  const { connectionId, localPort } = victim.target;
  t.same(await shown(server, `HOST = 'localhost:${localPort}'`), [String(connectionId)]);
  t.equal(await startKiller(t, 'sluice').killer.kill(victim.target), 'killed');
  t.equal(await code(), ER_QUERY_INTERRUPTED);
});
