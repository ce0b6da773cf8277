import type { Listen, Place } from '../../config/config.js';
import { Listener, type ListenerObserver } from './listener.js';

/** All places where clients connect. */
export class Listeners {
  private all: readonly Listener[] = [];
  private isClosed = false;

  constructor(private readonly observer: ListenerObserver) {}

  /** Where it listens; ports are the real ones. */
  get places(): readonly Place[] {
    return this.all.map(({ place }) => place);
  }

  get isOpen(): boolean {
    return this.all.some(({ isOpen }) => isOpen);
  }

  /**
   * Opens the places that are new.
   * @param wanted all places from then on
   * @throws {ListenError} where one cannot be opened; nothing has changed then
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

  /** Accepts no more, anywhere, whatever is wanted later. */
  close(): void {
    this.isClosed = true;
    closeAll(this.all);
  }
}

/** A change of the places where clients connect, ready to be made. One of the two is to be called. */
export interface ListenChange {
  /** Closes what is gone. Connections that were accepted stay. */
  apply(): void;
  /** Closes what was opened for it: all stays as it was. */
  cancel(): void;
}

function closeAll(listeners: Iterable<Listener>): void {
  for (const listener of listeners) listener.close();
}
