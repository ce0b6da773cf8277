import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Turn } from './conversationHarness.js';

// Conversations of real clients with real servers, recorded by a relay that only copies bytes, and stored as JSON: one
// string for each turn, with `c` or `s` for the speaker, then the bytes in base64.

const RECORDED = fileURLToPath(new URL('../fixtures/recorded', import.meta.url));

/** A recorded conversation as it is stored. */
interface StoredFixture {
  readonly server: string;
  readonly turns: readonly string[];
}

export interface Recorder {
  readonly port: number;
  /** The conversations of the connections made since the last call, one for each connection, in order. */
  take(): Promise<Turn[][]>;
  close(): void;
}

/** Starts a relay to `upstream` on loopback that keeps the bytes that pass. */
export const startRecorder = async (upstream: number): Promise<Recorder> => {
  let connections: { turns: Turn[]; ended: Promise<unknown> }[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const turns: Turn[] = [];
    const target = connect({ port: upstream, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    copy(client, target, (bytes) => note(turns, { from: 'client', bytes }));
    copy(target, client, (bytes) => note(turns, { from: 'server', bytes }));
    connections.push({ turns, ended: Promise.all([closed(client), closed(target)]) });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    take: async () => {
      const taken = connections;
      connections = [];
      await Promise.all(taken.map(({ ended }) => ended));
      return taken.map(({ turns }) => turns);
    },
    close: () => server.close(),
  };
};

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.on('close', () => resolve()));

const copy = (from: Socket, to: Socket, take: (bytes: Buffer) => void): void => {
  from.on('data', (bytes: Buffer) => {
    take(bytes);
    to.write(bytes);
  });
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
};

const note = (turns: Turn[], turn: Turn): void => {
  const last = turns.at(-1);
  if (last?.from !== turn.from) turns.push(turn);
  else turns[turns.length - 1] = { from: turn.from, bytes: Buffer.concat([last.bytes, turn.bytes]) };
};

// Some programs tell the server their folder. A folder name of the same length replaces that of this checkout.
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const withoutRoot = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString('latin1').replaceAll(ROOT, '/srv/'.padEnd(ROOT.length, '/')), 'latin1');

/** Stores a conversation under `name`, such as `mysql/cursor`; `server` is the version of the recorded server. */
export const storeFixture = (name: string, server: string, turns: readonly Turn[]): void => {
  const path = join(RECORDED, `${name}.json`);
  mkdirSync(dirname(path), { recursive: true });
  const stored: StoredFixture = {
    server,
    turns: turns.map(({ from, bytes }) => `${from[0]!} ${withoutRoot(bytes).toString('base64')}`),
  };
  writeFileSync(path, `${JSON.stringify(stored, null, 1)}\n`);
};

/** A recorded conversation by its name. */
export const loadFixture = (name: string): Turn[] => {
  const { turns } = JSON.parse(readFileSync(join(RECORDED, `${name}.json`), 'utf8')) as StoredFixture;
  return turns.map((turn) => ({
    from: turn.startsWith('c') ? 'client' : 'server', bytes: Buffer.from(turn.slice(2), 'base64'),
  }));
};

/** The names of all recorded conversations in a folder, such as `mysql`. */
export const fixtureNames = (folder: string): string[] =>
  readdirSync(join(RECORDED, folder)).map((file) => `${folder}/${basename(file, '.json')}`);
