import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { formatPlace, isSocketFile } from '../../config/address.js';
import type { Listen, Place } from '../../config/config.js';
import { makeRoom } from './socketFile.js';
import { asError, errorText } from '../../text/errorText.js';

/** One place where clients connect. */
export class Listener {
  private readonly server: Server;

  private constructor(private settings: Listen, private readonly observer: ListenerObserver) {
    // Nothing is read before somebody takes the connection over.
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    this.server = createServer(options, (client) => this.accept(client));
  }

  /**
   * Begins to listen.
   * @throws {ListenError}
   */
  static async open(listen: Listen, observer: ListenerObserver): Promise<Listener> {
    const listener = new Listener(listen, observer);
    try {
      await listener.listen();
    } catch (error) {
      throw new ListenError(listen.at, error);
    }
    return listener;
  }

  /** Where it listens; the port is the real one. */
  get place(): Place {
    const { at } = this.settings;
    if (isSocketFile(at)) return at;
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  get isOpen(): boolean {
    return this.server.listening;
  }

  /** Whether these settings are of the same place. */
  isAt({ at }: Listen): boolean {
    return formatPlace(at) === formatPlace(this.settings.at);
  }

  /** Takes over other settings of the same place, for clients to come. */
  reconfigure(listen: Listen): void {
    const { permissions: before } = this;
    this.settings = listen;
    if (isSocketFile(listen.at) && this.permissions !== before) this.permit(listen.at.path);
  }

  /** Accepts no more. Connections that were accepted stay. */
  close(): void {
    this.server.close();
  }

  /** A client that cannot be let in for an error that nobody expected is the only one that has to go. */
  private accept(client: Socket): void {
    try {
      this.observer.accepted(client, this.settings);
    } catch (error) {
      client.destroy();
      this.observer.failed(asError(error));
    }
  }

  private get permissions(): number {
    return this.settings.permissions ?? DEFAULT_PERMISSIONS;
  }

  private permit(path: string): void {
    try {
      chmodSync(path, this.permissions);
    } catch (error) {
      this.observer.failed(asError(error)); // somebody has removed the file
    }
  }

  private async listen(): Promise<void> {
    const { at } = this.settings;
    if (isSocketFile(at)) await makeRoom(at.path);
    const listening = once(this.server, 'listening');
    if (isSocketFile(at)) this.bindWithPermissions();
    else this.server.listen({ ...at, backlog: BACKLOG });
    await listening;
    this.server.on('error', (error) => this.observer.failed(error));
  }

  /** The file comes into being with its permissions: there is no moment at which somebody else may connect. */
  private bindWithPermissions(): void {
    const before = process.umask(0o777 & ~this.permissions);
    try {
      this.server.listen({ ...this.settings.at, backlog: BACKLOG }); // binds before it returns
    } finally {
      process.umask(before);
    }
  }
}

const DEFAULT_PERMISSIONS = 0o660;
/**
 * Connections that may wait to be accepted: after a failover all clients come back at once, and who finds no room tries
 * again a second later. Linux allows no more than net.core.somaxconn, which is 4096 by default (listen(2)); Node asks
 * for 511.
 */
const BACKLOG = 4096;

/** A place that cannot be listened on. */
export class ListenError extends Error {
  /** The system's code, where it has one. */
  readonly code: string | undefined;

  constructor(readonly place: Place, cause: unknown) {
    super(errorText(cause), { cause });
    this.code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  }
}

/** What is told of one place where clients connect. */
export interface ListenerObserver {
  accepted(client: Socket, listen: Listen): void;
  /** Clients cannot connect as they are to. */
  failed(error: Error): void;
}
