import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { startProgram, type Running } from '../cli/program.js';
import { sysbenchOptions } from '../support/clients.js';
import { run } from '../support/run.js';
import { startServer } from '../support/servers.js';
import { SCALE } from './scale.js';

const PROGRAM = fileURLToPath(new URL('../support/programs/insert.lua', import.meta.url));

/** The service of a cluster: passes each new connection to the current replica, and leaves it there. */
const startService = async (t: Test, portNow: () => number): Promise<number> => {
  const service = createServer({ allowHalfOpen: true }, (client) => {
    const replica = connect({ port: portNow(), host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, replica]) socket.setNoDelay(true).on('error', () => {
      client.destroy();
      replica.destroy();
    });
    client.pipe(replica).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  t.teardown(() => service.close());
  return (service.address() as AddressInfo).port;
};

t.test(`a rolling restart under sysbench, ${SCALE.sysbenchSeconds} s, loses no statement that had begun`, async (t) => {
  const server = await startServer(t, 'mariadb');
  await server.sql('CREATE TABLE shop.inserted (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY)');
  const settings = { listen: '127.0.0.1:0', upstream: `127.0.0.1:${server.port}`, shutdown: { acceptFor: '200ms' } };
  const folder = t.testdir({ 'sluice.json': JSON.stringify(settings) });
  const start = (): Promise<Running> => startProgram(t, ['start', '--config', join(folder, 'sluice.json')]);
  let replica = await start();
  const port = await startService(t, () => replica.port);

  let isOver = false;
  const options = [...sysbenchOptions(port), '--threads=8', `--time=${SCALE.sysbenchSeconds}`, 'run'];
  const load = run('sysbench', [PROGRAM, ...options]).finally(() => (isOver = true));
  const codes: (number | null)[] = [];
  while (!isOver) {
    const old = replica;
    replica = await start();
    old.kill('SIGTERM');
    codes.push((await old.ended).code);
  }
  const { stdout } = await load;
  const threads = [...stdout.matchAll(/^confirmed (\d+) lost (\d+)$/gm)].map((match) => match.slice(1).map(Number));
  const [confirmed, lost] = [0, 1].map((at) => threads.reduce((sum, thread) => sum + thread[at]!, 0));
  t.equal(threads.length, 8, 'every client was there to the end');
  t.ok(codes.length > 0 && codes.every((code) => code === 0), `${codes.length} restarts`);
  t.ok(lost! > 0, `${lost} connections were ended between two statements`);
  const [[rows] = []] = await server.sql('SELECT COUNT(*) FROM shop.inserted');
  t.equal(Number(rows), confirmed, 'what the server has done is what the clients were told');
});
