/** Threads beside the event loop. */
export interface Threads {
  /** Does work that takes long beside the event loop, if there are threads. */
  aside<T>(work: WorkForThread<T>): Promise<T>;
}

/** Work that Node can do in a thread of its own. Both ways have the same result. */
export interface WorkForThread<T> {
  inThread(): Promise<T>;
  /** Does it here, while the event loop waits. */
  here(): T;
}

/** The threads of the machine. */
export const machineThreads: Threads = {
  aside: (work) => work.inThread(),
};
