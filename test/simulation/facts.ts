import type { CounterVector } from '../../src/telemetry/instruments.js';
import type { Judged } from './invariants/judged.js';
import type { WorldRun } from './runWorld.js';

// Facts about each response of a world, and about the world itself. `census.ts` counts them.

/** The facts about one response. */
export const factsOf = (judged: Judged, run: WorldRun): Set<string> => {
  const { usage, usage: { connection, statement, exchanges, first } } = judged;
  const facts = new Set<string>();
  const add = (isTrue: boolean, fact: string): void => void (isTrue && facts.add(fact));
  for (const trait of connection.traits) facts.add(trait);
  facts.add(run.plan.servers[connection.serverIndex ?? 0]!.kind === 'mariadb' ? 'MariaDB' : 'MySQL');
  add(first.what.isPipelined, 'pipelined');
  add(usage.isPrepared, 'prepared');
  add(usage.isCursor, 'cursor');
  add(statement.answers.length > 1, 'several results');
  add(statement.answers.some(({ kind }) => kind === 'file'), 'file');
  addOutcomes(judged, add);
  addDisturbances(judged, run, add);
  add(statement.failsAfterRows !== null && usage.isAnswered, 'server error');
  add(exchanges.some(({ hasPaused }) => hasPaused), 'paused');
  add(exchanges.some(({ gaveUp }) => gaveUp), 'server gave up');
  return facts;
};

type Add = (isTrue: boolean, fact: string) => void;

const addOutcomes = ({ usage, records, candidates }: Judged, add: Add): void => {
  const { exchanges, error, statement } = usage;
  const isWhole = exchanges.every(({ end }) => end === 'whole');
  const record = records[0] ?? {};
  const action = String(record['action']);
  add(isWhole && statement.answers.some(({ kind }) => kind === 'rows'), 'whole');
  add(action === 'cut', `cut: ${String(record['reason'])}`);
  add(action === 'truncate', 'truncated');
  add(action === 'close', 'closed');
  for (const other of ['would-cut', 'admit', 'warn', 'sample']) add(action === other, other);
  add(record['exempt'] !== undefined, 'exempt');
  add(error?.includes('statement refused') === true, 'refused');
  const isHeld = candidates.some(({ action: what, mode, isStream }) =>
    what === 'hold' && mode === 'enforce' && !isStream);
  add(isHeld && usage.sent.rows > 0 && !usage.isCursor, 'held');
  add(exchanges.some(({ end }) => end === 'replaced'), 'error in place of held rows');
  const outcome = String(record['outcome']);
  add(outcome === 'drained' || outcome === 'killed', outcome);
  add(record['givenUp'] !== undefined, `given up: ${String(record['givenUp'])}`);
  add(record['statementEnded'] === true, 'statement ended');
  const isCut = action === 'cut' || action === 'truncate';
  const { connection: { clientEndedAtMs }, last: { doneAtMs } } = usage;
  const ranOn = clientEndedAtMs !== null && doneAtMs !== null && doneAtMs > clientEndedAtMs;
  add(isCut && ranOn, 'ran on without its client');
};

const addDisturbances = ({ usage }: Judged, run: WorldRun, add: Add): void => {
  const { connection, first, last, exchanges } = usage;
  const fromMs = first.arrivedAtMs!;
  const toMs = Math.max(last.overAtMs, last.answeredAtMs ?? 0);
  const isWithin = (atMs: number): boolean => atMs >= fromMs && atMs <= toMs;
  add(run.settings.slice(1).some((one) => isWithin(one.fromMs)), 'reload');
  add(exchanges.some(({ wasLeft }) => wasLeft), 'client left');
  add((connection.clientEnd === 'reset' || connection.wasDisturbed.client) && usage.isLost, 'client reset');
  add(connection.serverEnd !== null && (usage.isLost || !usage.isAnswered), 'server lost');
  add(connection.hasLostProcess && usage.isLost, 'worker died');
  for (const what of ['stall client', 'stall server', 'cut client', 'cut server', 'halfClose client', 'reset server']) {
    add(run.news.facts.get(connection.user)?.has(what) === true, what);
  }
  for (const { order, user, atMs } of run.administrator.orders) {
    add(user === connection.user && isWithin(atMs), `ordered ${order}`);
  }
  add(run.administrator.stoppedAtMs !== null && isWithin(run.administrator.stoppedAtMs), 'stop');
  add(exchanges.some(({ killedAtMs }) => killedAtMs !== null), 'kill arrived');
};

/** The facts about a world as a whole. */
export const factsOfWorld = ({ metrics, news, log, ledger, settings, world }: WorldRun): Set<string> => {
  const facts = new Set<string>(news.facts.get('world'));
  const all = (vector: CounterVector, name: (labels: Readonly<Record<string, string>>) => string): void => {
    for (const { labels, count } of vector.all()) if (count > 0) facts.add(name(labels));
  };
  all(metrics.kills, ({ outcome }) => `kill: ${outcome}`);
  all(metrics.drainsGivenUp, ({ reason }) => `drain given up: ${reason}`);
  all(metrics.sessionEnds, ({ by, reason }) => `session ended: ${by} ${reason}`);
  if (metrics.memoryRefusals > 0) facts.add('turned away for memory');
  if (log.some((entry) => Number(entry['droppedRecords'] ?? 0) > 0)) facts.add('records were lost');
  if (ledger.connections.some(({ refusal }) => refusal?.includes('no such host') === true)) facts.add('no such host');
  const hasEnded = settings.some(({ config }) => config.rules.some(({ untilMs }) => untilMs < world.dateMs));
  if (hasEnded) facts.add('a rule has ended');
  if (metrics.turnedAway > 0) facts.add('turned away');
  if (metrics.drainedBytes > 0) facts.add('drained bytes');
  if (log.some(({ msg }) => msg.includes('net_write_timeout'))) facts.add('warned of a server that gives up');
  return facts;
};
