import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { SocketQueueReader } from '../../src/relay/pace/socketQueues.js';
import { SCALE } from './scale.js';

// The cost of looks at the kernel's tables, with few connections and with many. A session waits for each look and asks
// for the next one at once; no session asks more often. The tests of the allowance check that looks take no more time
// than allowed.

/** A row of a table is a socket, and both ends of each connection are on this machine. */
const ROWS_OF_A_CONNECTION = 2;
const SESSIONS = 20;

const connections = async (t: Test, count: number): Promise<Socket[]> => {
  const accepted: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket)).listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  const clients: Socket[] = [];
  t.teardown(() => {
    for (const socket of [...clients, ...accepted]) socket.destroy();
    server.close();
  });
  while (clients.length < count) {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(client, 'connect');
    clients.push(client);
  }
  return clients;
};

for (const rows of [2 * SESSIONS, SCALE.tableRows]) {
  await t.test(`looks at a table of ${rows} sockets answer every waiting session`, async (t) => {
    const sockets = await connections(t, rows / ROWS_OF_A_CONNECTION);
    const reader = new SocketQueueReader();
    const startMs = performance.now();
    const cpuBefore = process.cpuUsage();
    let answers = 0;
    const session = async (socket: Socket): Promise<void> => {
      while (performance.now() - startMs < SCALE.looksMs) {
        const { unacknowledgedBytes } = await reader.lookAt(socket);
        if (unacknowledgedBytes === 0) answers += 1;
      }
    };
    await Promise.all(sockets.slice(0, SESSIONS).map(session));
    const elapsedMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpuMs = (user + system) / 1000;
    t.ok(answers >= SESSIONS, 'each session was looked at');
    t.comment(`${rows} rows: ${reader.readCount} looks, ${(cpuMs / reader.readCount).toFixed(2)} ms each, ` +
      `every ${(elapsedMs / reader.readCount).toFixed(0)} ms, ${(100 * cpuMs / elapsedMs).toFixed(1)} % of a core`);
  });
}
