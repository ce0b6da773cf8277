import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pendingBytes } from '../../../src/relay/connection/clientSocket.js';
import { SocketQueueReader } from '../../../src/relay/pace/socketQueues.js';
import type { Driver } from '../../support/drivers.js';

/** The program's work for each row. Meanwhile it becomes clear that its driver has stopped reading. */
const WORK_MS = 10_000;
const LOOK_EVERY_MS = 200;
const STEADY_LOOKS = 5;
/** A client that leaves this much unread does not want more now. */
const UNREAD_BYTES = 32 * 1024;

/** A client's connection through this process. */
class Watched {
  private writtenBytes = 0;
  private readonly queues = new SocketQueueReader();

  constructor(private readonly client: Socket, server: number) {
    const upstream = connect({ port: server, host: '127.0.0.1', noDelay: true });
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      this.writtenBytes += chunk.length;
      if (!client.write(chunk)) upstream.pause();
    });
    client.on('drain', () => upstream.resume());
    client.on('close', () => upstream.destroy());
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
  }

  /** Waits until the driver takes no more. Returns the bytes that it has taken. */
  async takenBytes(): Promise<number> {
    let taken = -1;
    for (let looks = 0; looks < STEADY_LOOKS;) {
      await sleep(LOOK_EVERY_MS);
      const { unacknowledgedBytes, unreadBytes } = await this.queues.lookAt(this.client);
      const unread = unreadBytes ?? 0;
      if (this.client.destroyed) throw new Error('the client left before its driver had taken all that it wants');
      const now = this.writtenBytes - pendingBytes(this.client) - (unacknowledgedBytes ?? 0) - unread;
      looks = now === taken && unread >= UNREAD_BYTES ? looks + 1 : 0;
      taken = now;
    }
    return taken;
  }
}

/**
 * Returns the bytes that a streaming driver reads before its program has worked on the first row, with some hundred
 * bytes before the rows.
 * @param server its port
 */
export const readAhead = async (driver: Driver, server: number, sql: string): Promise<number> => {
  const relay = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const connected = once(relay, 'connection') as Promise<[Socket]>;
  // How the program ends does not matter: its connection is closed once the bytes are counted.
  const { port } = relay.address() as AddressInfo;
  const ended = driver.read(port, sql, { workMs: WORK_MS, stopAfter: 2 }).catch(() => undefined);
  const [client] = await connected;
  const taken = await new Watched(client, server).takenBytes();
  client.destroy();
  relay.close();
  await ended;
  return taken;
};
