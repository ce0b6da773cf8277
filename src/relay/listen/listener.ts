import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { formatPlace, isSocketFile } from '../../config/address.js';
import type { Listen, Place } from '../../config/config.js';
import { acceptClients } from '../connection/clientSocket.js';
import { makeRoom } from './socketFile.js';
import { asError, errorCode, errorText } from '../../text/errorText.js';
import { world } from '../../world/world.js';

/** Listens for clients on one address. */
export class Listener {
  private readonly server: Server;

  private constructor(private settings: Listen, private readonly observer: ListenerObserver) {
    // Nothing is read until the session takes the connection over.
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    this.server = world.createServer(options, (client) => this.accept(client));
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

  /** The address on which it listens, with the real port. */
  get place(): Place {
    const { at } = this.settings;
    if (isSocketFile(at)) return at;
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  get isOpen(): boolean {
    return this.server.listening;
  }

  /** Whether these settings have the same address. */
  isAt({ at }: Listen): boolean {
    return formatPlace(at) === formatPlace(this.settings.at);
  }

  /** Replaces the settings for later clients. The address stays the same. */
  reconfigure(listen: Listen): void {
    const { permissions: before } = this;
    this.settings = listen;
    if (isSocketFile(listen.at) && this.permissions !== before) this.permit(listen.at.path);
  }

  /** Accepts no more clients. Accepted connections stay open. */
  close(): void {
    this.server.close();
  }

  /** Passes a client on. If an unexpected error occurs, only this client is closed. */
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
      this.observer.failed(asError(error)); // another program has removed the file
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
    acceptClients(this.server, (client) => this.accept(client));
  }

  /** Creates the socket file with its permissions, so that at no moment an unwanted user can connect. */
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
 * The most connections that may wait to be accepted. After a failover all clients reconnect at once, and a client
 * without a place in the queue tries again only a second later. Linux limits it to net.core.somaxconn, which is 4096 by
 * default (listen(2)). Node's own default is 511.
 */
const BACKLOG = 4096;

/** An address on which Sluice cannot listen. */
export class ListenError extends Error {
  /** The system's error code; null if there is none. */
  readonly code: string | null;

  constructor(readonly place: Place, cause: unknown) {
    super(errorText(cause), { cause });
    this.code = errorCode(cause);
  }
}

/** The events of a listener. */
export interface ListenerObserver {
  accepted(client: Socket, listen: Listen): void;
  /** Clients cannot connect as configured. */
  failed(error: Error): void;
}
