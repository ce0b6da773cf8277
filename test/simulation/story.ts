import type { ClientPlan, Moment, Step, WorldPlan } from './plan.js';
import type { WorldOutcome } from './runWorld.js';
import { sqlOf } from './statements.js';

/** The story of a world for people: its actors, what they did, and the violations. */
export const storyOf = ({ plan, news, violations, log, records }: WorldOutcome): string => [
  `World ${plan.seed} (${plan.theme})`,
  ...linesOf(plan).map((line) => `  ${line}`),
  'What happened:',
  ...shortened(news.story.map(({ atMs, text }) => `  ${atMs.toFixed(2)} ms  ${text}`)),
  'What Sluice says:',
  ...shortened(log.filter(({ level }) => level !== 'debug').map(({ level, msg, reason }) =>
    `  ${level}: ${msg}${reason === undefined ? '' : ` (${reason})`}`)),
  ...shortened(records.map(({ event, action, reason, rows, forwardedRows, outcome, sql }) =>
    `  record: ${String(event)} ${String(action)} ${String(reason)}, ${String(rows)} rows, ${String(forwardedRows)} ` +
    `forwarded, ${String(outcome)}: ${String(sql)}`)),
  'What is wrong:',
  ...violations.map(({ invariant, text }) => `  ${invariant}: ${text}`),
].join('\n');

const MOST_LINES = 80;

const shortened = (lines: readonly string[]): string[] => (lines.length <= MOST_LINES ? [...lines]
  : [...lines.slice(0, MOST_LINES / 2), `  … ${lines.length - MOST_LINES} lines …`, ...lines.slice(-MOST_LINES / 2)]);

const linesOf = (plan: WorldPlan): string[] => [
  `settings: ${JSON.stringify(plan.settings)}`,
  `network: ${JSON.stringify(plan.network)}`,
  ...plan.servers.map((server, index) => `server ${index}: ${JSON.stringify(server)}`),
  ...plan.clients.flatMap(clientLines),
  ...plan.acts.map(({ when, ...act }) => `${momentText(when)} an administrator does: ${JSON.stringify(act)}`),
  ...plan.faults.map(({ when, ...fault }) => `${momentText(when)} a fault: ${JSON.stringify(fault)}`),
];

const clientLines = ({ script, ...client }: ClientPlan): string[] =>
  [`client ${JSON.stringify(client)}`, ...script.map((step) => `  ${stepText(step)}`)];

const stepText = (step: Step): string => {
  const statement = step.do === 'query' || step.do === 'prepared' ? `${sqlOf(step.statement)} ` : '';
  return `${step.do} ${statement}${JSON.stringify({ ...step, do: undefined })}`;
};

const momentText = ({ after, ms }: Moment): string => `${ms} ms after ${after ?? 'the beginning'}`;
