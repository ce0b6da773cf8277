import type { Listen, Place } from '../../config/config.js';
import { Listener, type ListenerObserver } from './listener.js';

/** All listeners. */
export class Listeners {
  private all: readonly Listener[] = [];
  private isClosed = false;

  constructor(private readonly observer: ListenerObserver) {}

  /** The addresses of all listeners, with the real ports. */
  get places(): readonly Place[] {
    return this.all.map(({ place }) => place);
  }

  get isOpen(): boolean {
    return this.all.some(({ isOpen }) => isOpen);
  }

  /**
   * Opens the new addresses.
   * @param wanted all addresses from then on
   * @throws {ListenError} if one cannot be opened; then nothing has changed
   */
  async prepare(wanted: readonly Listen[]): Promise<ListenChange> {
    if (this.isClosed) return { apply() {}, cancel() {} };
    const gone = new Set(this.all);
    const opened: Listener[] = [];
    const next: { readonly listener: Listener; readonly listen: Listen }[] = [];
    const cancel = (): void => closeAll(opened);
    try {
      for (const listen of wanted) {
        const known = [...gone].find((listener) => listener.isAt(listen));
        const listener = known ?? await Listener.open(listen, this.observer);
        if (known === undefined) opened.push(listener);
        else gone.delete(known);
        next.push({ listener, listen });
      }
    } catch (error) {
      cancel();
      throw error;
    }
    const apply = (): void => {
      closeAll(gone);
      for (const { listener, listen } of next) listener.reconfigure(listen);
      this.all = next.map(({ listener }) => listener);
    };
    return { apply, cancel };
  }

  /** Closes all listeners for good. */
  close(): void {
    this.isClosed = true;
    closeAll(this.all);
  }
}

/** A prepared change of the listeners. The caller calls exactly one of the two methods. */
export interface ListenChange {
  /** Closes the listeners that are gone. Accepted connections stay open. */
  apply(): void;
  /** Closes the new listeners, so that nothing changes. */
  cancel(): void;
}

function closeAll(listeners: Iterable<Listener>): void {
  for (const listener of listeners) listener.close();
}
