import type { Config, Rule, Treatment } from '../../../src/config/config.js';
import type { AnswerPlan, StatementPlan, WorldPlan } from '../plan.js';
import { returnsRows } from '../statements.js';
import type { UsageLedger } from './usages.js';

// The verdict of the settings about a response, worked out without Sluice's own code.

/** The allowed outcomes of a response. */
export interface Allowed {
  readonly rule: string;
  readonly mode: 'enforce' | 'audit';
  readonly action: string;
  readonly limits: { readonly rows: number, readonly bytes: number };
  /** The pace of its client may raise the limits to these; null if it may not. */
  readonly paced: { readonly rows: number, readonly bytes: number } | null;
  /** Something else than its pace makes it a stream. */
  readonly isStream: boolean;
  /** What the client has got up to the last row that may be cut. Rows that a change returns count, and are never cut. */
  readonly judged: { readonly rows: number, readonly bytes: number };
  /** None of its rows may be cut. */
  readonly isExempt: boolean;
  readonly mayKill: boolean;
  /** Results that pass their limit as streams leave a record. */
  readonly recordsAdmissions: boolean;
}

/** The verdict of settings about a usage. */
export const allowedBy = (config: Config, usage: UsageLedger, plan: WorldPlan): Allowed => {
  const { connection, statement } = usage;
  const server = plan.servers[connection.serverIndex ?? 0]!;
  const rule = ruleFor(config, connection.user, statement);
  const treatment: Treatment = rule ?? config;
  const signals = new Set<string>(config.streaming.signals);
  const program = programOf(usage, plan);
  const hint = hintOf(statement, treatment, signals);
  const fixed = rule?.class ?? null;
  // A rule's class counts before a hint, and a hint before signals; but a cursor shows itself later.
  const isDump = !hint.isFollowed && program === 'mysqldump' && signals.has('dump');
  const isStream = fixed === 'streaming' ||
    (fixed === null && (hint.stream || isDump || (usage.isCursor && signals.has('cursor'))));
  const { rows, bytes } = treatment.limits;
  const exempt = statement.answers.map((_, answer) => server.kind === 'mariadb' && returnsRows(statement, answer));
  return {
    rule: rule?.name ?? 'default',
    mode: treatment.mode,
    action: treatment.onExceed.action,
    limits: isStream ? treatment.streaming.limits : { rows: hint.rows ?? rows, bytes },
    paced: !isStream && fixed === null && signals.has('pace') ? treatment.streaming.limits : null,
    isStream,
    judged: exempt.includes(true) ? usage.receivedUpTo((answer) => exempt[answer] === false) : usage.received,
    isExempt: !exempt.includes(false),
    mayKill: config.kill !== null,
    recordsAdmissions: config.audit.admitted,
  };
};

/** The program that the client has named. The models' COM_CHANGE_USER names none. */
const programOf = ({ connection, first }: UsageLedger, { clients }: WorldPlan): string | null => {
  const before = connection.exchanges.slice(0, connection.exchanges.indexOf(first));
  const hasChangedUser = before.some(({ what, arrivedAtMs }) => what.name === 'changeUser' && arrivedAtMs !== null);
  return hasChangedUser ? null : clients.find(({ name }) => name === connection.client)?.program ?? null;
};

/** The first rule that matches; null for the global settings. */
export const ruleFor = (config: Config, user: string, statement: StatementPlan): Rule | null =>
  config.rules.find(({ match }) =>
    (match.user === undefined || match.user.some((glob) => fits(glob, user))) &&
    (match.statement === undefined || match.statement.some((kind) => kind === kindOf(statement)))) ?? null;

const fits = (glob: string, text: string): boolean =>
  (glob.endsWith('*') ? text.startsWith(glob.slice(0, -1)) : text === glob);

/** The kind of a statement, as rules name it. */
export const kindOf = ({ verb, answers }: StatementPlan): string => {
  switch (verb) {
    case 'select':
    case 'with':
      return 'select';
    case 'several':
      return isSelect(answers[0]!) ? 'select' : 'dml';
    case 'returning':
    case 'update':
    case 'load':
      return 'dml';
    case 'call':
      return 'call';
    default:
      return 'none of these';
  }
};

const isSelect = (answer: AnswerPlan): boolean => answer.kind === 'rows' && answer.isReturned !== true;

interface Hint {
  readonly isFollowed: boolean;
  readonly rows: number | null;
  readonly stream: boolean;
}

const NO_HINT: Hint = { isFollowed: false, rows: null, stream: false };

/** A hint that is followed. */
const hintOf = ({ hint }: StatementPlan, { hints, limits }: Treatment, signals: ReadonlySet<string>): Hint => {
  if (hint === null || hints === 'none') return NO_HINT;
  if (hint === 'stream') {
    return hints === 'any' && signals.has('hint') ? { isFollowed: true, rows: null, stream: true } : NO_HINT;
  }
  const rows = Number(hint.slice('rows='.length));
  return hints === 'any' || rows <= limits.rows ? { isFollowed: true, rows, stream: false } : NO_HINT;
};
