import type { Test } from 'tap';
import type { Timer } from '../../../src/world/time.js';
import { world } from '../../../src/world/world.js';
import { changeWorld } from '../../support/changeWorld.js';

/** The deadline of a request, which stays real. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** A pause that an exporter wants to make. */
export interface Pause {
  readonly ms: number;
  /** Ends it. */
  end(): void;
}

/** Pauses of the program that end only when a test ends them, until the test is over. */
export class PlayedClock {
  /** The next random number. */
  chance = 1;
  private readonly pauses: Pause[] = [];
  private arrived = (): void => {};

  constructor(t: Test) {
    const { after } = world;
    changeWorld(t, {
      after: (ms, work) => (ms === REQUEST_TIMEOUT_MS ? after(ms, work) : this.pauseFor(ms, work)),
      random: () => this.chance,
    });
  }

  private pauseFor(ms: number, end: () => void): Timer {
    const pause = { ms, end };
    this.pauses.push(pause);
    this.arrived();
    return {
      unref() { return this; },
      close: () => {
        const at = this.pauses.indexOf(pause);
        if (at >= 0) this.pauses.splice(at, 1);
      },
    };
  }

  /** The number of pauses that have not ended and were not taken by the test. */
  get waiting(): number {
    return this.pauses.length;
  }

  /** The next pause. Waits until it begins. */
  async pause(): Promise<Pause> {
    while (this.pauses.length === 0) await new Promise<void>((resolve) => (this.arrived = resolve));
    return this.pauses.shift()!;
  }

  /** Ends the next pause of this length. Waits until it begins. */
  async passOf(ms: number): Promise<void> {
    let at = -1;
    while ((at = this.pauses.findIndex((pause) => pause.ms === ms)) < 0) {
      await new Promise<void>((resolve) => (this.arrived = resolve));
    }
    this.pauses.splice(at, 1)[0]!.end();
  }

  /** Ends a pause of this length, if there is one. */
  end(ms: number): void {
    const at = this.pauses.findIndex((pause) => pause.ms === ms);
    if (at >= 0) this.pauses.splice(at, 1)[0]!.end();
  }

  /** Ends the next pause, and says how long it was to be. */
  async pass(): Promise<number> {
    const { ms, end } = await this.pause();
    end();
    return ms;
  }
}
