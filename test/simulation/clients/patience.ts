import type { Stage } from '../stage.js';

/** The waits of one client: each ends when its condition is true, or when nothing has come for very long. */
export class Patience {
  /** The client takes nothing at present, as its script says. */
  isPaused = false;
  private lastProgressMs: number;
  private look: () => void = () => {};

  /** @param lost is called when nothing has come for so long that nothing will */
  constructor(private readonly stage: Stage, private readonly lost: (what: string) => void) {
    this.lastProgressMs = stage.nowMs();
  }

  /** Something has come, or was sent. */
  progress(): void {
    this.lastProgressMs = this.stage.nowMs();
  }

  /** Something has changed that a wait may wait for. */
  changed(): void {
    this.look();
  }

  /** Waits for a condition. @param what for the story */
  until(isTrue: () => boolean, what: string): Promise<void> {
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const watch = (): void => {
        const leftMs = this.lastProgressMs + PATIENCE_MS - this.stage.nowMs();
        if (leftMs <= 0 && !this.isPaused) this.lost(what);
        else cancel = this.stage.after(Math.max(leftMs, LOOK_EVERY_MS), watch);
      };
      this.look = () => {
        if (!isTrue()) return;
        this.look = () => {};
        cancel();
        resolve();
      };
      cancel = this.stage.after(PATIENCE_MS, watch);
      this.look();
    });
  }
}

/** The longest wait of a client for the next byte. Everything in a world takes less. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 1000;
