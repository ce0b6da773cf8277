import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commandLineOf, SERVER_KINDS } from '../support/servers.js';
import { runOk } from '../support/run.js';
import { Bench } from './bench.js';
import { renderChart } from './chart.js';
import { type Competitor, DIRECT, findCompetitors, REFERENCE } from './competitors.js';
import { renderGoals } from './goals.js';
import { endOnSignals, Scope } from './lifetimes.js';
import { describeMachine, KEPT_RESULTS, PASSING_RESULTS, sourceRevision } from './machine.js';
import type { Run } from './results.js';
import { QUICK, WHOLE } from './scale.js';
import { ALONE, attackers, ATTACKERS_SECTION } from './sections/attackers.js';
import { auditMode, AUDIT_SECTION, BELOW } from './sections/auditMode.js';
import { bulk } from './sections/bulk.js';
import { clientTls, CLIENT_TLS_SECTION, TLS_OFF } from './sections/clientTls.js';
import { comments, COMMENTS_SECTION, NO_COMMENT } from './sections/comments.js';
import { connections } from './sections/connections.js';
import { curves } from './sections/curves.js';
import { defaults } from './sections/defaults.js';
import { features, PLAIN } from './sections/features.js';
import { hangingCollector, HANGING_COLLECTOR_SECTION, NO_EXPORT } from './sections/hangingCollector.js';
import { point } from './sections/point.js';
import { slowestReader, SLOWEST_READER_SECTION } from './sections/slowestReader.js';
import { stall } from './sections/stall.js';
import { ONE_PROCESS, workers } from './sections/workers.js';
import { renderTable } from './table.js';

const SECTIONS = {
  bulk, defaults, point, connections, stall, 'slowest-reader': slowestReader, attackers, 'audit-mode': auditMode,
  features, comments, 'hanging-collector': hangingCollector, 'client-tls': clientTls, workers, curves,
};
type SectionName = keyof typeof SECTIONS;

const USAGE = `usage: npm run bench [-- options]
  --only LIST    of ${Object.keys(SECTIONS).join(', ')}; all by default
  --against LIST competitors by name, beside the proxy itself; all that are found by default
  --rounds N     how often each load is repeated
  --quick        small loads, which show that the suite works and no more
  --keep         records the results in test/bench/results; else they are left in the compiler's cache
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const readFlags = () => {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(SECTIONS).join(',') },
      against: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const sections = values.only.split(',').map((name) => {
    if (!Object.hasOwn(SECTIONS, name)) throw new Error(`--only: there is no section "${name}"\n${USAGE}`);
    return name as SectionName;
  });
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds: expected a positive integer, got "${values.rounds}"`);
  }
  const against = values.against?.split(',') ?? null;
  return { sections, rounds, against, isQuick: values.quick, isKept: values.keep };
};

const databaseVersions = async (): Promise<Record<string, string>> => {
  const versions: Record<string, string> = {};
  for (const kind of SERVER_KINDS) {
    const said = await runOk(commandLineOf(kind), ['--no-defaults', '--version']);
    const name = kind === 'mariadb' ? 'MariaDB' : 'MySQL';
    versions[name] = /\d+\.\d+\.\d+(?=-MariaDB)|(?<=Ver )\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'unknown';
  }
  return versions;
};

const choose = (against: readonly string[] | null): readonly Competitor[] => {
  const { found, missing } = findCompetitors();
  say(`found: ${found.map(({ name, version }) => `${name} ${version}`.trim()).join(', ')}`);
  if (missing.length > 0) say(`not found, so not compared with: ${missing.join(', ')}`);
  const isWanted = (name: string): boolean => against === null || name === 'Sluice' || against.includes(name);
  return found.filter(({ name }) => isWanted(name));
};

const write = (run: Run, text: string, folder: string): void => {
  const stem = join(folder, run.date.slice(0, 16).replace(/[-:]/g, '').replace('T', '-'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${stem}.txt`, text);
  writeFileSync(`${stem}.json`, `${JSON.stringify(run, null, 1)}\n`);
  writeFileSync(`${stem}.svg`, renderChart(run));
  say(`written as ${stem}.txt, .json and .svg`);
};

/** The reference of a section, when it is not HAProxy. */
const REFERENCES: Readonly<Record<string, string>> = {
  workers: ONE_PROCESS, [SLOWEST_READER_SECTION]: DIRECT, [ATTACKERS_SECTION]: ALONE, [AUDIT_SECTION]: BELOW,
  [CLIENT_TLS_SECTION]: TLS_OFF, [COMMENTS_SECTION]: NO_COMMENT, [HANGING_COLLECTOR_SECTION]: NO_EXPORT,
};

const referenceOf = (section: string): string =>
  REFERENCES[section] ?? (section.startsWith('features') ? PLAIN : REFERENCE);

const main = async (scope: Scope): Promise<void> => {
  const { sections, rounds, against, isQuick, isKept } = readFlags();
  const scale = isQuick ? QUICK : WHOLE;
  const competitors = choose(against);
  const machine = describeMachine();
  const date = new Date().toISOString();
  const bench = new Bench(scope, scale, rounds ?? scale.rounds, competitors, say);
  for (const section of sections) await SECTIONS[section](bench);
  const { series, failures } = bench.recorder;
  const run: Run = {
    date, isQuick, rounds: bench.rounds, machine,
    versions: {
      source: sourceRevision(), Node: process.versions.node, ...(await databaseVersions()),
      ...Object.fromEntries(competitors.flatMap(({ name, version }) => (version === '' ? [] : [[name, version]]))),
    },
    references: Object.fromEntries(series.map(({ section }) =>
      [section, referenceOf(section)])),
    series, failures,
  };
  const text = renderTable(run) + renderGoals(run);
  process.stdout.write(text);
  write(run, text, isKept ? KEPT_RESULTS : PASSING_RESULTS);
};

const scope = new Scope();
endOnSignals(scope);
try {
  await main(scope);
} catch (error) {
  process.exitCode = 1;
  say(error instanceof Error ? error.message : String(error));
} finally {
  await scope.close();
}
process.exit();
