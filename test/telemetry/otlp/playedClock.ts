import type { ExportClock } from '../../../src/telemetry/otlp/signalExporter.js';

/** A pause that an exporter wants to make. */
export interface Pause {
  readonly ms: number;
  /** Ends it. */
  end(): void;
}

/** A clock whose pauses end only when a test ends them. */
export class PlayedClock implements ExportClock {
  /** The next random number. */
  chance = 1;
  private readonly pauses: Pause[] = [];
  private arrived = (): void => {};

  after(ms: number, then: () => void): () => void {
    const pause = { ms, end: then };
    this.pauses.push(pause);
    this.arrived();
    return () => {
      const at = this.pauses.indexOf(pause);
      if (at >= 0) this.pauses.splice(at, 1);
    };
  }

  random(): number {
    return this.chance;
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

  /** Ends the next pause, and says how long it was to be. */
  async pass(): Promise<number> {
    const { ms, end } = await this.pause();
    end();
    return ms;
  }
}
