import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Lifetime } from '../../support/guard.js';
import { type NetworkNamespace, startNetworkNamespace } from '../../support/networkNamespace.js';
import { type ServerKind, startServer } from '../../support/servers.js';
import { startSluice } from '../../support/sluice.js';
import type { Cell, Way } from './cells.js';
import { Looks } from './looks.js';

/** The address to which a reader connects, and the command that starts it. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly startedBy: readonly string[];
}

/** Both servers, and a Sluice for each limit and way. Each starts when it is first needed. */
export class Stage {
  readonly looks: Looks;
  private readonly servers = new Map<ServerKind, Promise<number>>();
  private readonly places = new Map<string, Promise<Place>>();
  private readonly folder: string;

  private constructor(private readonly t: Lifetime, private readonly far: NetworkNamespace | null) {
    this.looks = new Looks(t);
    this.folder = mkdtempSync(join(tmpdir(), 'sluice-readers-'));
    t.teardown(() => rmSync(this.folder, { recursive: true }));
  }

  static async set(t: Lifetime): Promise<Stage> {
    return new Stage(t, await startNetworkNamespace(t));
  }

  /** The reason why this machine cannot run a cell; false if it can. */
  lacks({ way }: Cell): string | false {
    return way === 'namespace' && this.far === null && 'this machine makes no network namespaces for us';
  }

  placeFor({ server, limit, way }: Cell): Promise<Place> {
    const key = `${server}-${limit}-${way}`;
    const place = this.places.get(key) ?? this.open(server, limit, way, join(this.folder, key));
    this.places.set(key, place);
    place.catch(() => this.places.delete(key)); // the next reader tries again
    return place;
  }

  private async open(server: ServerKind, limit: string, way: Way, socket: string): Promise<Place> {
    const { nearAddress = '', within = [] } = way === 'namespace' ? this.far! : {};
    const host = { tcp: '127.0.0.1', namespace: nearAddress, socket }[way];
    const sluice = await startSluice(this.t, {
      upstream: await this.portOf(server),
      listen: way === 'socket' ? socket : `${host}:0`,
      config: { limits: { rows: Number(limit), bytes: null }, streaming: { signals: ['pace'] } },
      before: this.looks.module,
    });
    return { host, port: way === 'socket' ? 0 : sluice.port, startedBy: within };
  }

  private portOf(server: ServerKind): Promise<number> {
    const port = this.servers.get(server) ?? startServer(this.t, server).then(({ port }) => port);
    this.servers.set(server, port);
    return port;
  }
}
