import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The bytes that passed over one connection. */
export interface Recording {
  readonly toClient: Buffer;
  readonly toServer: Buffer;
}

export interface RecordingRelay {
  readonly port: number;
  /** The bytes of the connections made since the last call, in their order. Waits for their ends. */
  take(): Promise<Recording[]>;
  close(): void;
}

interface Passing {
  readonly toClient: Buffer[];
  readonly toServer: Buffer[];
  readonly ended: Promise<unknown>;
}

/** Starts a relay on loopback to 127.0.0.1:`upstream` that keeps what passes. */
export const startRecordingRelay = async (upstream: number): Promise<RecordingRelay> => {
  let passing: Passing[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = connect({ port: upstream, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const ended = Promise.all([closed(client), closed(target)]);
    passing.push({ toServer: copy(client, target), toClient: copy(target, client), ended });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take: async () => {
      const taken = passing;
      passing = [];
      await Promise.all(taken.map(({ ended }) => ended));
      return taken.map(({ toClient, toServer }) => ({
        toClient: Buffer.concat(toClient), toServer: Buffer.concat(toServer),
      }));
    },
    close: () => server.close(),
  };
};

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.on('close', () => resolve()));

/** Copies the bytes of `from` to `to`. Returns the list to which it adds each piece. */
const copy = (from: Socket, to: Socket): Buffer[] => {
  const pieces: Buffer[] = [];
  from.on('data', (bytes: Buffer) => {
    pieces.push(bytes);
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  return pieces;
};
