import { setTimeout as pause } from 'node:timers/promises';
import { type Server, type ServerKind, startServer } from '../support/servers.js';
import type { Competitor } from './competitors.js';
import { Drivers, startSyntheticServer } from './drivers.js';
import { Scope } from './lifetimes.js';
import { LOAD_USER } from './loadSession.js';
import type { Outcome } from './orders.js';
import { cpuSeconds, endedConnections, memoryBytes } from './processes.js';
import type { Relay } from './relays.js';
import { Recorder, type Reading } from './results.js';
import type { Scale } from './scale.js';
import type { Times } from './times.js';

/** One load, under which each competitor is measured. */
export interface Load {
  readonly subject: string;
  /** Its place on a curve. */
  readonly x?: number;
  run(relay: Relay): Promise<Reading[]>;
}

/** The number of processes that make load. Short sessions keep one process busy. */
const DRIVERS = 2;

/**
 * A section begins once the kernel remembers no more ended connections than this. Each look of Sluice reads all of
 * them.
 */
const FEW_CONNECTIONS = 1000;

/** The parts that all sections of a run share: the results, and servers and drivers, which start at their first use. */
export class Bench {
  readonly recorder = new Recorder();
  private readonly databases = new Map<ServerKind, Promise<Server>>();
  private syntheticServer: Promise<number> | null = null;
  private driverProcesses: Promise<Drivers> | null = null;

  /**
   * @param scope everything that is started ends with it
   * @param say writes a line about the progress of the run
   */
  constructor(
    readonly scope: Scope,
    readonly scale: Scale,
    readonly rounds: number,
    readonly competitors: readonly Competitor[],
    readonly say: (line: string) => void,
  ) {}

  get drivers(): Promise<Drivers> {
    return (this.driverProcesses ??= Drivers.start(this.scope, DRIVERS));
  }

  /** The port of the server that costs next to nothing. */
  get synthetic(): Promise<number> {
    return (this.syntheticServer ??= startSyntheticServer(this.scope));
  }

  /** A real server, with an account for our own load. */
  database(kind: ServerKind): Promise<Server> {
    let server = this.databases.get(kind);
    if (server === undefined) {
      server = this.startDatabase(kind);
      this.databases.set(kind, server);
    }
    return server;
  }

  /**
   * Measures each competitor under each load once a round. All competitors start beforehand and wait for their turn.
   * Each round begins with another competitor, so that none is always first.
   */
  async interleave(
    section: string, upstreamPort: number, loads: readonly Load[], competitors = this.competitors,
  ): Promise<void> {
    await this.untilConnectionsAreForgotten();
    const scope = this.nested();
    const running: { readonly name: string; readonly relay: Relay }[] = [];
    for (const competitor of competitors) {
      const relay = await this.start(section, competitor, scope, upstreamPort);
      if (relay !== null) running.push({ name: competitor.name, relay });
    }
    for (let round = 0; round < this.rounds; round += 1) {
      for (const load of loads) {
        this.say(`${section}, ${load.subject}: round ${round + 1} of ${this.rounds}`);
        for (let turn = 0; turn < running.length; turn += 1) {
          const { name, relay } = running[(round + turn) % running.length]!;
          await this.measure(section, load, name, relay);
        }
      }
    }
    await scope.close();
  }

  /** Starts a competitor. Returns null, and records a failure that says why, when it does not start. */
  async start(section: string, { name, start }: Competitor, scope: Scope, upstreamPort: number): Promise<Relay | null> {
    try {
      return await start(scope, upstreamPort);
    } catch (error) {
      this.recorder.fail({ section, subject: 'start', competitor: name, reason: messageOf(error) });
      return null;
    }
  }

  /** Measures one competitor under one load. Keeps the values, or why they could not be measured. */
  async measure(section: string, load: Load, competitor: string, relay: Relay): Promise<void> {
    const { subject, x } = load;
    const place = { section, subject, competitor, ...(x === undefined ? {} : { x }) };
    try {
      this.recorder.add(place, await load.run(relay));
    } catch (error) {
      this.recorder.fail({ ...place, reason: messageOf(error) });
    }
  }

  /** A scope within the run's own. */
  nested(): Scope {
    const scope = new Scope();
    this.scope.teardown(() => scope.close());
    return scope;
  }

  /** A process's memory in bytes after it was idle for long enough. */
  async settledMemory(pid: number): Promise<number> {
    await pause(this.scale.settleMs);
    return memoryBytes(pid);
  }

  /** Waits until the kernel has forgotten the connections of earlier loads. */
  private async untilConnectionsAreForgotten(): Promise<void> {
    if (endedConnections() > FEW_CONNECTIONS) this.say('waiting until the kernel forgets ended connections');
    while (endedConnections() > FEW_CONNECTIONS) await pause(1000);
  }

  private async startDatabase(kind: ServerKind): Promise<Server> {
    this.say(`starting ${kind}`);
    const server = await startServer(this.scope, kind);
    await server.sql(`CREATE USER '${LOAD_USER}'@'%'; GRANT SELECT ON *.* TO '${LOAD_USER}'@'%';`);
    return server;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The result of a load, and the CPU seconds of the relay; null when there is no relay. */
export interface Measured extends Outcome {
  readonly cpuSeconds: number | null;
}

/** Runs a load and measures its cost to the relay. */
export const measured = async (relay: Relay, load: () => Promise<Outcome>): Promise<Measured> => {
  const before = relay.pid === null ? 0 : cpuSeconds(relay.pid);
  const outcome = await load();
  return { ...outcome, cpuSeconds: relay.pid === null ? null : cpuSeconds(relay.pid) - before };
};

/** CPU per unit, when a relay's CPU was measured. */
export const cpuReading = (
  metric: Reading['metric'], cpu: number | null, units: number, scale = 1,
): Reading[] => (cpu === null ? [] : [{ metric, value: (cpu * scale) / units }]);

/** Durations. */
export const timeReadings = ({ medianMs, p99Ms, maxMs }: Times): Reading[] => [
  { metric: 'medianMs', value: medianMs }, { metric: 'p99Ms', value: p99Ms }, { metric: 'maxMs', value: maxMs },
];
