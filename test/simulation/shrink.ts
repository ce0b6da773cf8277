import { READS_ALL, type ClientPlan, type StatementPlan, type Step, type WorldPlan } from './plan.js';
import { runWorld } from './runWorld.js';

/**
 * Makes a failing world smaller: with fewer clients, steps, acts and faults, smaller responses and plainer settings, as
 * long as the same invariant does not hold.
 * @param mostRuns the bound on the number of worlds that are tried
 */
export const shrink = async (plan: WorldPlan, invariant: string, mostRuns = 400): Promise<WorldPlan> => {
  let smallest = plan;
  let runs = 0;
  const fails = async (candidate: WorldPlan): Promise<boolean> => {
    runs += 1;
    const { violations } = await runWorld(candidate);
    return violations.some((violation) => violation.invariant === invariant);
  };
  for (let isSmaller = true; isSmaller && runs < mostRuns;) {
    isSmaller = false;
    for (const candidate of smallerPlans(smallest)) {
      if (runs >= mostRuns) break;
      if (!await fails(candidate)) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
};

/** Plans that are a little smaller, the ones with the largest difference first. */
function* smallerPlans(plan: WorldPlan): Generator<WorldPlan> {
  if (plan.clients.length > 1) for (const clients of withoutOne(plan.clients)) yield { ...plan, clients };
  if (plan.around !== undefined) {
    const { around: _, ...plain } = plan;
    yield plain;
  }
  for (const faults of withoutOne(plan.faults)) yield { ...plan, faults };
  for (const acts of withoutOne(plan.acts)) yield { ...plan, acts };
  for (const client of plan.clients) {
    for (const smaller of smallerClients(client)) yield withClient(plan, client, smaller);
  }
  for (const key of Object.keys(plan.settings)) {
    if (key === 'limits') continue;
    const { [key as keyof WorldPlan['settings']]: _, ...settings } = plan.settings;
    yield { ...plan, settings };
  }
  if (plan.network.splits) yield { ...plan, network: { ...plan.network, splits: false } };
  if (plan.network.bufferBytes < 65_536) yield { ...plan, network: { ...plan.network, bufferBytes: 65_536 } };
  for (const [index, server] of plan.servers.entries()) {
    const plain = { ...server, greetAfterMs: 0, login: 'plain' as const };
    if (JSON.stringify(plain) !== JSON.stringify(server)) {
      yield { ...plan, servers: plan.servers.with(index, plain) };
    }
  }
}

function* withoutOne<T>(list: readonly T[]): Generator<T[]> {
  for (let index = 0; index < list.length; index += 1) yield list.filter((_, other) => other !== index);
}

const withClient = (plan: WorldPlan, client: ClientPlan, smaller: ClientPlan): WorldPlan =>
  ({ ...plan, clients: plan.clients.map((one) => (one === client ? smaller : one)) });

function* smallerClients(client: ClientPlan): Generator<ClientPlan> {
  for (const script of withoutOne(client.script)) yield { ...client, script };
  for (const [index, step] of client.script.entries()) {
    for (const smaller of smallerSteps(step)) yield { ...client, script: client.script.with(index, smaller) };
  }
  if (client.compresses) yield { ...client, compresses: false };
  if (client.tracksSession) yield { ...client, tracksSession: false };
  if (client.program !== null) yield { ...client, program: null };
  if (client.startsAtMs > 0) yield { ...client, startsAtMs: 0 };
  if (client.ending !== 'quit') yield { ...client, ending: 'quit' };
}

function* smallerSteps(step: Step): Generator<Step> {
  if (step.do === 'pipeline') {
    if (step.statements.length > 1) for (const statements of withoutOne(step.statements)) yield { ...step, statements };
    for (const [index, statement] of step.statements.entries()) {
      for (const smaller of smallerStatements(statement)) {
        yield { ...step, statements: step.statements.with(index, smaller) };
      }
    }
  }
  if (step.do !== 'query' && step.do !== 'prepared') return;
  if (step.reading.leaves !== null) yield { ...step, reading: { ...step.reading, leaves: null } };
  if (step.reading.pause !== null) yield { ...step, reading: READS_ALL };
  if (step.do === 'prepared' && step.times > 1) yield { ...step, times: 1 };
  for (const statement of smallerStatements(step.statement)) yield { ...step, statement };
}

function* smallerStatements(statement: StatementPlan): Generator<StatementPlan> {
  if (statement.hint !== null) yield { ...statement, hint: null };
  if (statement.failsAfterRows !== null) yield { ...statement, failsAfterRows: null };
  if (statement.thinkMs > 0) yield { ...statement, thinkMs: 0 };
  if (statement.gapMs > 0) yield { ...statement, gapMs: 0 };
  if (statement.answers.length > 1) {
    for (const answers of withoutOne(statement.answers)) yield { ...statement, answers };
  }
  for (const [index, answer] of statement.answers.entries()) {
    if (answer.kind !== 'rows' || answer.rows < 2) continue;
    const fewer = { ...answer, rows: answer.rows >> 1 };
    yield { ...statement, answers: statement.answers.with(index, fewer) };
  }
}
