import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as Listener, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lifetime } from '../support/guard.js';
import { isServerKind, type LentServer, type Server, type ServerKind, startServer } from '../support/servers.js';
import { ServerState } from './serverState.js';

/** A server that waits for its next test file, and how it has to be then. */
interface Kept {
  readonly server: Server;
  readonly state: ServerState;
}

/**
 * Lends database servers to the test files of one run, since starting one takes seconds of CPU. A test has its server
 * to itself: it connects to the pool's socket, says the kind, gets the server's place, and gives it back by closing the
 * connection, or at its own end. With a second line it has the server ended. One that cannot be put back as it was is
 * ended as well.
 */
export class ServerPool {
  private readonly kept: Record<ServerKind, Kept[]> = { mariadb: [], mysql: [] };
  private readonly folder = mkdtempSync(join(tmpdir(), 'sluice-servers-'));
  /** The Unix socket at which it lends. */
  readonly path = join(this.folder, 'pool.sock');
  private readonly listener: Listener;
  private readonly borrowers = new Set<Socket>();

  /** @param life the run; its servers end with it */
  private constructor(private readonly life: Lifetime) {
    this.listener = createServer((borrower) => {
      this.borrowers.add(borrower);
      borrower.on('error', () => undefined); // its end comes as well
      void this.lend(borrower).catch((error: unknown) => borrower.end(JSON.stringify({ error: String(error) })));
    });
    life.teardown(() => {
      for (const borrower of this.borrowers) borrower.destroy();
      this.listener.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  static async open(life: Lifetime): Promise<ServerPool> {
    const pool = new ServerPool(life);
    await once(pool.listener.listen(pool.path), 'listening');
    return pool;
  }

  private async lend(borrower: Socket): Promise<void> {
    const lines = createInterface({ input: borrower });
    const [kind]: unknown[] = await once(lines, 'line');
    if (!isServerKind(kind)) throw new Error(`no kind of server: ${String(kind)}`);
    const lent = this.kept[kind].pop() ?? await this.start(kind);
    const { pid, port, socket } = lent.server;
    const place: LentServer = { pid, port, socket };
    borrower.write(`${JSON.stringify(place)}\n`);
    const wantsEnd = await Promise.race([
      once(borrower, 'close').then(() => false), once(lines, 'line').then(() => true),
    ]);
    if (!wantsEnd && await lent.state.restore()) this.kept[kind].push(lent);
    else await lent.server.stop();
    borrower.destroy();
    this.borrowers.delete(borrower);
  }

  private async start(kind: ServerKind): Promise<Kept> {
    const server = await startServer(this.life, kind);
    return { server, state: await ServerState.of(server) };
  }
}
