import type { Match, Rule } from '../config.js';
import { compileAddressMatcher } from './cidr.js';
import { compileGlob, type Matcher } from './glob.js';
import type { Statement } from './statement.js';
import { programOf, type Subject } from './subject.js';

/** What a rule can ask of a statement. */
export type AskedStatement = Pick<Statement, 'kind' | 'digest'>;

/** One condition of a rule that is not met. */
export interface Miss {
  /** The key of `match`, or `until`. */
  readonly key: string;
  readonly wanted: string;
  readonly found: string;
}

interface Condition<T> {
  readonly key: string;
  readonly wanted: string;
  /** What the condition looks at, as text. */
  readonly find: (of: T) => string;
  readonly holds: (found: string) => boolean;
}

/** A rule, ready to be matched. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly bySubject: readonly Condition<Subject>[];
  readonly byStatement: readonly Condition<AskedStatement>[];
}

/** Makes rules ready to be matched. The configuration has checked their patterns. */
export function compileRules(rules: readonly Rule[]): CompiledRule[] {
  return rules.map((rule) => ({ rule, bySubject: subjectConditions(rule.match), byStatement: statementConditions(rule.match) }));
}

/** The rules that can apply to a subject, whatever it asks: in their order. */
export function rulesFor(rules: readonly CompiledRule[], subject: Subject): CompiledRule[] {
  return rules.filter(({ bySubject }) => bySubject.every((condition) => holds(condition, subject)));
}

/**
 * The first rule that applies to a statement; null where none does.
 * @param candidates the rules that can apply to the subject
 * @param atMs the time of day, in ms since 1970: a rule may have come to its end
 */
export function firstRule(candidates: readonly CompiledRule[], statement: () => AskedStatement, atMs: number): Rule | null {
  for (const { rule, byStatement } of candidates) {
    if (atMs >= rule.untilMs) continue;
    if (byStatement.length === 0 || byStatement.every((condition) => holds(condition, statement()))) return rule;
  }
  return null;
}

/** The conditions of a rule that a subject and its statement do not meet; none where the rule applies. */
export function missesOf(compiled: CompiledRule, subject: Subject, statement: AskedStatement, atMs: number): Miss[] {
  const misses = [
    ...compiled.bySubject.filter((condition) => !holds(condition, subject)).map((condition) => missOf(condition, subject)),
    ...compiled.byStatement.filter((condition) => !holds(condition, statement)).map((condition) => missOf(condition, statement)),
  ];
  const { untilMs } = compiled.rule;
  if (atMs < untilMs) return misses;
  return [...misses, { key: 'until', wanted: new Date(untilMs).toISOString(), found: new Date(atMs).toISOString() }];
}

function holds<T>(condition: Condition<T>, of: T): boolean {
  return condition.holds(condition.find(of));
}

function missOf<T>({ key, wanted, find }: Condition<T>, of: T): Miss {
  return { key, wanted, found: find(of) };
}

function subjectConditions(match: Match): Condition<Subject>[] {
  return [
    ...oneOf('user', match.user, globs, (subject: Subject) => subject.user),
    ...oneOf('schema', match.schema, globs, (subject: Subject) => subject.schema),
    ...oneOf('client', match.client, addresses, (subject: Subject) => subject.address),
    ...oneOf('program', match.program, globs, programOf),
    ...Object.entries(match.attributes ?? {}).flatMap(([name, patterns]) =>
      oneOf(`attributes.${name}`, patterns, globs, (subject: Subject) => subject.attributes.get(name) ?? '')),
  ];
}

function statementConditions(match: Match): Condition<AskedStatement>[] {
  return [
    ...oneOf('statement', match.statement, words, (statement: AskedStatement) => statement.kind),
    ...oneOf('digest', match.digest, globs, (statement: AskedStatement) => statement.digest?.hash ?? ''),
  ];
}

type Compile = (pattern: string) => Matcher;

const globs: Compile = (pattern) => compileGlob(pattern);
const addresses: Compile = (pattern) => compileAddressMatcher(pattern);
const words: Compile = (pattern) => (found) => found === pattern;

/** A condition that holds where one of several patterns matches; none at all where the key is absent. */
function oneOf<T>(
  key: string, patterns: readonly string[] | null | undefined, compile: Compile, find: (of: T) => string,
): Condition<T>[] {
  if (patterns === null || patterns === undefined) return [];
  const matchers = patterns.map(compile);
  return [{ key, wanted: patterns.join(' or '), find, holds: (found) => matchers.some((matches) => matches(found)) }];
}
