import { oneLine } from '../audit/plainText.js';
import type { Config, Limits, StreamingSignal } from '../config/config.js';
import { formatMoment } from '../config/schema/moment.js';
import { formatSize } from '../config/schema/units.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import { DEFAULT_RULE, Guard, type HintCounts } from '../policy/guard.js';
import { refusalMessage, type Refused } from '../policy/refusal.js';
import { compileRules, missesOf, type Miss } from '../policy/rules.js';
import { JdbcStreaming } from '../policy/signals.js';
import type { Hint } from '../policy/hint.js';
import type { Subject } from '../policy/subject.js';
import { Command } from '../protocol/commands.js';
import { newCommand, responseShape, type PendingCommand } from '../conversation/command.js';
import { finiteOrNull } from '../config/finiteOrNull.js';
import { counted } from '../text/counted.js';

/**
 * Explains which rule applies to a client's statement and why, and what its result would get.
 * @returns lines for people
 */
export function explain(config: Config, question: Question): string[] {
  const guard = new Guard(config, () => question.nowMs);
  const command = commandFor(question);
  const profile = guard.profile(question.subject);
  const refused = guard.refusalOf(command, profile, 0);
  const usage = guard.govern(command, profile, 0, new JdbcStreaming());
  return [
    ...align([...subjectLines(question.subject), ...statementLines(usage)]),
    '',
    'Rules, of which the first that matches holds:',
    ...align(ruleLines(config, usage, question)).map((line) => `  ${line}`),
    '',
    ...align([
      ...(refused === null ? [] : refusalLines(refused)),
      ...(refused?.refusal.action === 'refuse' ? [] : resultLines(guard, usage, config)),
    ]),
  ];
}

/** The limits and the treatment of the statement's result. */
function resultLines(guard: Guard, usage: GovernedUsage, config: Config): Line[] {
  const { rule, treatment } = usage.terms;
  return [
    ['rule', rule],
    hintLine(usage, guard.hints),
    ...classLines(usage, config),
    ['warn', showLimits(treatment.warn)],
    onExceedLine(usage, config),
  ];
}

/** The refusal, which comes before any result. */
function refusalLines(refused: Refused): Line[] {
  const { action, reason, rule: { name, refusal: { code, sqlState } } } = refused.refusal;
  const why = reason === 'unjudged' ? 'it may hold a statement that cannot be told, and unjudged is true' : REFUSED;
  const error = `error ${code} (${sqlState}): ${refusalMessage(refused)}`;
  return [
    ['refused', `by ${name}: ${why}`],
    ['', action === 'refuse' ? `${error}; the server does not get it` : `${ONLY_RECORDED}; else ${error}`],
  ];
}

const ONLY_RECORDED = 'only recorded, since mode is audit';
const REFUSED = 'it, or one of its statements, meets the rule';

/** The question: a client and its statement. */
export interface Question {
  readonly subject: Subject;
  /** Tags of the execution, like query attributes. They win over those in the statement's comments. */
  readonly tags: ReadonlyMap<string, string>;
  readonly sql: string;
  /** The time of day, in ms since 1970. */
  readonly nowMs: number;
}

/** A label with its text. */
type Line = readonly [label: string, text: string];

const LABEL_WIDTH = 12;
const LONGEST_TEXT = 160;

function show(text: string): string {
  return oneLine(text, LONGEST_TEXT) || '(none)';
}

function showRows(rows: number): string {
  return String(finiteOrNull(rows) ?? 'unlimited');
}

function showBytes(bytes: number): string {
  return finiteOrNull(bytes, formatSize) ?? 'unlimited';
}

function showLimits({ rows, bytes }: Limits): string {
  return `${counted(rows, 'row', showRows(rows))}, ${showBytes(bytes)}${bytes === Infinity ? ' bytes' : ''}`;
}

/** The command as a session would get it, so that the answer is the proxy's own. */
function commandFor({ tags, sql }: Question): PendingCommand {
  const text = Buffer.from(sql);
  const command = newCommand(Command.QUERY, responseShape(Command.QUERY), 1, 0);
  return Object.assign(command, { hasArrived: true, text, textBytes: text.length, attributes: tags });
}

function subjectLines({ user, schema, address, attributes }: Subject): Line[] {
  return [
    ['user', show(user)],
    ['schema', show(schema)],
    ['client', show(address)],
    ...[...attributes].map(([name, value]): Line => ['attribute', `${show(name)} = ${show(value)}`]),
  ];
}

function showHint({ rows, bytes, stream }: Hint): string {
  const asked = [
    rows === undefined ? '' : `rows=${showRows(rows)}`,
    bytes === undefined ? '' : `bytes=${showBytes(bytes)}`,
    stream ? 'stream' : '',
  ];
  return asked.filter((part) => part !== '').join(' ');
}

function hintLine({ statement: { hint }, terms }: GovernedUsage, counts: HintCounts): Line {
  if (hint.kind === 'none') return ['hint', '(none)'];
  if (hint.kind === 'malformed') return ['hint', `ignored, malformed: ${show(hint.reason)}`];
  const asked = showHint(hint);
  if (counts.followed > 0) return ['hint', `${asked}: followed`];
  if (terms.signal === 'rule') return ['hint', `${asked}: ignored, since the rule says class streaming`];
  const { hints } = terms.treatment;
  return ['hint', `${asked}: ignored, for it asks for more than hints (here "${hints}") and signals allow`];
}

function statementLines({ statement, tags }: GovernedUsage): Line[] {
  return [
    ['statement', show(statement.text ?? '')],
    ['kind', statement.kind],
    ['digest', `${statement.digest?.hash}  ${show(statement.digest?.text ?? '')}`],
    ...[...tags].map(([name, value]): Line => ['tag', `${show(name)} = ${show(value)}`]),
  ];
}

function showMiss({ key, wanted, found }: Miss): string {
  if (key === 'until') return `ended at ${formatMoment(Date.parse(wanted))}`;
  return `${key} is ${show(found)}, not ${show(wanted)}`;
}

/** One line for each rule: whether it matches, and if not, why. */
function ruleLines(config: Config, usage: GovernedUsage, { subject, nowMs }: Question): Line[] {
  const lines: Line[] = [];
  let winner: string | null = null;
  for (const compiled of compileRules(config.rules)) {
    const { name } = compiled.rule;
    const misses = winner === null ? missesOf(compiled, subject, usage, nowMs) : [];
    if (winner !== null) lines.push([name, `not asked, since ${winner} matches before`]);
    else if (misses.length > 0) lines.push([name, `no: ${misses.map(showMiss).join('; ')}`]);
    else lines.push([winner = name, 'yes: this one holds']);
  }
  if (winner === null) lines.push([DEFAULT_RULE, 'yes: no rule matches, the global settings hold']);
  return lines;
}

/** The signals that appear only in a running session and may change the class of this usage. */
function signalsToCome(usage: GovernedUsage): StreamingSignal[] {
  const runtimeSignals = ['cursor', 'jdbc', 'pace'] as const;
  const isOpen = usage.terms.responseClass === 'buffered';
  return isOpen ? runtimeSignals.filter((signal) => usage.trusts(signal)) : [];
}

function classLines(usage: GovernedUsage, { streaming: { pace } }: Config): Line[] {
  const { responseClass, signal } = usage.terms;
  const teller = signal === 'rule' ? 'the rule' : `the signal ${signal}`;
  const toCome = signalsToCome(usage);
  const [first] = toCome;
  const lines: Line[] = [
    ['class', signal === null ? responseClass : `${responseClass}, told by ${teller}`],
    ['limits', showLimits(usage.terms.limits)],
  ];
  if (first === undefined) return lines;
  const signals = new Intl.ListFormat('en', { type: 'disjunction' }).format(toCome);
  const limits = showLimits(usage.terms.source.streaming(first).limits);
  lines.push(['', `or, if ${signals} tells while it runs that it is streamed: ${limits}`]);
  if (toCome.includes('pace')) {
    const most = `${counted(pace.maxRowsPerSecond, 'row')} or ${showBytes(pace.maxBytesPerSecond)} a second`;
    lines.push(['', `pace: a client that takes more than ${most} reads into memory, as far as anybody can tell`]);
  }
  return lines;
}

function onExceedLine({ terms: { treatment }, statement }: GovernedUsage, config: Config): Line {
  const { mode, onExceed: { action, error } } = treatment;
  if (mode === 'audit') return ['onExceed', ONLY_RECORDED];
  if (statement.returnsChangedRows(0)) {
    return ['onExceed', 'only recorded, on MariaDB: it changes data and returns rows'];
  }
  if (action === 'close') return ['onExceed', 'close: both connections are closed'];
  const isKilled = config.kill !== null && action !== 'truncate' && statement.isSingleReadOnly;
  const rest = isKilled ? 'the query is killed on the server' : 'the rest is read and thrown away';
  const errorShown = `error ${error.code} (${error.sqlState})`;
  switch (action) {
    case 'error':
      return ['onExceed', `${errorShown}; ${rest}`];
    case 'hold':
      return ['onExceed', `hold: all rows are kept back, then comes ${errorShown}; ${rest}`];
    case 'truncate':
      return ['onExceed', `truncate: the result ends there with a warning; ${rest}`];
  }
}

function align(lines: readonly Line[]): string[] {
  const width = Math.max(LABEL_WIDTH, ...lines.map(([label]) => label.length + 2));
  return lines.map(([label, text]) => label.padEnd(width) + text);
}
