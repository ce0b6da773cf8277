import type { Match, Rule } from '../config/config.js';
import { compileAddressMatcher } from '../config/network.js';
import { compileGlob, type Matcher } from './glob.js';
import type { Tags } from '../sql/tags.js';
import type { Statement } from './statement.js';
import { programOf, type Subject } from './subject.js';

/** The properties of an execution that rules have conditions on. */
export interface Asked {
  readonly statement: Pick<Statement, 'kind' | 'digest'>;
  readonly tags: Tags;
}

/** A condition of a rule that is not met. */
export interface Miss {
  /** The key of `match`, or `until`. */
  readonly key: string;
  readonly wanted: string;
  readonly found: string;
}

interface Condition<T> {
  readonly key: string;
  readonly wanted: string;
  /** The value that the condition checks, as text. */
  readonly find: (of: T) => string;
  readonly holds: (found: string) => boolean;
}

/** A rule, ready to be matched. */
export interface CompiledRule {
  readonly rule: Rule;
  /** The conditions that do not change as long as the client is the same. */
  readonly byClient: readonly Condition<Subject>[];
  readonly bySchema: readonly Condition<Subject>[];
  readonly byStatement: readonly Condition<Asked>[];
}

/** Compiles rules. The configuration has checked their patterns. */
export function compileRules(rules: readonly Rule[]): CompiledRule[] {
  return rules.map((rule) => ({
    rule,
    byClient: clientConditions(rule.match),
    bySchema: oneOf('schema', rule.match.schema, globs, ({ schema }: Subject) => schema),
    byStatement: statementConditions(rule.match),
  }));
}

/** The rules that can match a subject with any schema and any statement, in their order. */
export function rulesForClient(rules: readonly CompiledRule[], subject: Subject): readonly CompiledRule[] {
  return rules.filter(({ byClient }) => byClient.every((condition) => holds(condition, subject)));
}

/** The rules that can match a subject with any statement, in their order. */
export function rulesFor(rules: readonly CompiledRule[], subject: Subject): readonly CompiledRule[] {
  return rulesForSchema(rulesForClient(rules, subject), subject);
}

/** The rules that can match a subject with any statement, out of the rules for its client, in their order. */
export function rulesForSchema(rules: readonly CompiledRule[], subject: Subject): readonly CompiledRule[] {
  return rules.filter(({ bySchema }) => bySchema.every((condition) => holds(condition, subject)));
}

/**
 * The first rule that matches a statement; null if none does.
 * @param candidates the rules that can match the subject
 * @param atMs the time of day, in ms since 1970; a rule may have expired
 */
export function firstRule(
  candidates: readonly CompiledRule[], asked: () => Asked, atMs: number,
): Rule | null {
  for (const { rule, byStatement } of candidates) {
    if (atMs >= rule.untilMs) continue;
    if (byStatement.length === 0 || byStatement.every((condition) => holds(condition, asked()))) return rule;
  }
  return null;
}

/** The conditions of a rule that a subject and its execution do not meet; empty if the rule matches. */
export function missesOf(compiled: CompiledRule, subject: Subject, asked: Asked, atMs: number): Miss[] {
  const misses = [
    ...[...compiled.byClient, ...compiled.bySchema]
      .filter((condition) => !holds(condition, subject)).map((condition) => missOf(condition, subject)),
    ...compiled.byStatement
      .filter((condition) => !holds(condition, asked)).map((condition) => missOf(condition, asked)),
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

function clientConditions(match: Match): Condition<Subject>[] {
  return [
    ...oneOf('user', match.user, globs, (subject: Subject) => subject.user),
    ...oneOf('client', match.client, addresses, (subject: Subject) => subject.address),
    ...oneOf('program', match.program, globs, programOf),
    ...Object.entries(match.attributes ?? {}).flatMap(([name, patterns]) =>
      oneOf(`attributes.${name}`, patterns, globs, (subject: Subject) => subject.attributes.get(name) ?? '')),
  ];
}

function statementConditions(match: Match): Condition<Asked>[] {
  return [
    ...oneOf('statement', match.statement, words, ({ statement }: Asked) => statement.kind),
    ...oneOf('digest', match.digest, globs, ({ statement }: Asked) => statement.digest?.hash ?? ''),
    ...Object.entries(match.tags ?? {}).flatMap(([name, patterns]) =>
      oneOf(`tags.${name}`, patterns, globs, ({ tags }: Asked) => tags.get(name) ?? '')),
  ];
}

type Compile = (pattern: string) => Matcher;

const globs: Compile = (pattern) => compileGlob(pattern);
const addresses: Compile = (pattern) => compileAddressMatcher(pattern);
const words: Compile = (pattern) => (found) => found === pattern;

/** The condition that one of several patterns matches; none if the key is absent. */
function oneOf<T>(
  key: string, patterns: readonly string[] | null | undefined, compile: Compile, find: (of: T) => string,
): Condition<T>[] {
  if (patterns === null || patterns === undefined) return [];
  const matchers = patterns.map(compile);
  return [{ key, wanted: patterns.join(' or '), find, holds: (found) => matchers.some((matches) => matches(found)) }];
}
