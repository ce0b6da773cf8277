import { serverAt, serverName } from '../config.js';
import type { AmbientFault, Fault } from '../plan.js';
import { MEMORY_BYTES, type Span, type WorldRun } from '../runWorld.js';
import type { ChildProcess } from '../world/childProcess.js';

// Faults in the surroundings of Sluice: its disk, its machine's clock, names, memory, its own workers.

const KINDS: ReadonlySet<string> = new Set<AmbientFault['do']>([
  'disk', 'clock', 'name', 'memory', 'workerDies', 'workerHangs',
]);

export const isAmbient = (fault: Fault): fault is Fault & AmbientFault => KINDS.has(fault.do);

/** Begins a fault in the surroundings. */
export const strikeAround = (run: WorldRun, fault: AmbientFault): void => {
  const { news, world: { files } } = run;
  news.tell(`fault: ${JSON.stringify({ ...fault, when: undefined })}`);
  switch (fault.do) {
    case 'disk':
      news.fact('world', `disk: ${fault.state}`);
      files.disk = fault.state;
      if (fault.ms !== null) run.after(fault.ms, () => (files.disk = 'works'));
      break;
    case 'clock':
      news.fact('world', `clock: ${fault.byMs < 0 ? 'back' : 'forward'}`);
      run.world.dateAtStartMs += fault.byMs;
      run.dates.push({ fromMs: run.nowMs(), dateAtStartMs: run.world.dateAtStartMs });
      break;
    case 'name':
      strikeName(run, fault);
      break;
    case 'memory':
      strikeMemory(run, fault);
      break;
    default:
      strikeWorker(run, fault);
  }
};

const strikeName = (run: WorldRun, { server, becomes, ms }: Extract<AmbientFault, { do: 'name' }>): void => {
  const { news, world: { names }, plan: { servers } } = run;
  const name = serverName(server);
  news.fact('world', `name: ${becomes}`);
  const { host } = serverAt(becomes === 'another' ? (server + 1) % servers.length : server);
  names.set(name, becomes === 'unknown' ? null : host, becomes === 'slow' ? SLOW_ANSWER_MS : undefined);
  run.nameTroubles.push(spanOf(run, ms));
  run.after(ms, () => names.set(name, serverAt(server).host));
};

/** A resolver that gets no answer asks the next server after five seconds. (resolv.conf(5).) */
const SLOW_ANSWER_MS = 5000;

const strikeMemory = (run: WorldRun, { part, ms }: Extract<AmbientFault, { do: 'memory' }>): void => {
  const use = (used: number): void => {
    run.world.memory = { limitBytes: MEMORY_BYTES, usedBytes: Math.floor(used * MEMORY_BYTES) };
    run.memoryUse.push({ fromMs: run.nowMs(), part: used });
  };
  run.news.fact('world', 'memory is short');
  use(part);
  run.after(ms, () => use(PART_AT_REST));
};

/** The part of the memory limit that is used when all is well. */
const PART_AT_REST = 0.5;

const strikeWorker = (
  run: WorldRun, fault: Extract<AmbientFault, { do: 'workerDies' | 'workerHangs' }>,
): void => {
  const { news, world: { workers } } = run;
  const living = workers.filter(({ loop, relay }) => loop.isAlive && relay !== null);
  const worker = living[fault.worker % Math.max(1, living.length)];
  if (worker === undefined) return;
  if (fault.do === 'workerHangs') {
    news.fact('world', 'a worker hangs');
    worker.loop.hang();
    run.hangs.push(spanOf(run, fault.ms));
    run.after(fault.ms, () => worker.loop.goOn());
    return;
  }
  news.fact('world', 'a worker dies');
  const lost = connectionsOf(run, worker);
  if (lost.length > 0) news.fact('world', 'a worker dies with sessions');
  for (const connection of lost) {
    connection.hasLostProcess = true;
    connection.wasDisturbed.client = connection.wasDisturbed.server = true;
    news.fact(connection.user, 'worker died');
  }
  // The records of those that have just ended may not have come to the primary.
  for (const connection of run.ledger.connections) {
    if (run.nowMs() - (connection.clientEndedAtMs ?? Infinity) < RECORD_UNDER_WAY_MS) connection.hasLostProcess = true;
  }
  worker.crash();
};

/** More than a record takes to the primary. */
const RECORD_UNDER_WAY_MS = 10;

const spanOf = (run: WorldRun, ms: number): Span => ({ fromMs: run.nowMs(), toMs: run.nowMs() + ms });

/** The connections of clients for whom a worker has a session, also where a statement runs on without its client. */
const connectionsOf = ({ ledger }: WorldRun, { relay }: ChildProcess): WorldRun['ledger']['connections'] => {
  const { open, clientless } = relay!;
  const left = [...clientless].map(({ connections }) => connections.clientAddress);
  const clients = [...left, ...[...open.views(0)].map(({ client }) => client)];
  return ledger.connections.filter(({ clientPort }) => clients.some((client) => client.endsWith(`:${clientPort}`)));
};
