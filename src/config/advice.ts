import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Config, KillSettings, Limits, Match, Rule, Treatment } from './config.js';
import { errorAdvice } from './errorAdvice.js';
import { expiriesIn, expiryAdvice } from './expiry.js';
import { isSocketFile } from './address.js';
import { isSelfSigned } from './tlsFiles.js';

// Warns of settings that are valid and most likely not meant.

type Unit = keyof Limits;
const units: readonly Unit[] = ['rows', 'bytes'];

/** A rule's settings, or the global ones. */
interface Place {
  /** What stands before a key: "" or "rules[0].". */
  readonly prefix: string;
  readonly treatment: Treatment;
  /** The settings that these inherit from: what is said of those need not be said again. */
  readonly inherited: Treatment | undefined;
  /** The rule's conditions; undefined for the global settings. */
  readonly match: Match | undefined;
}

function placesIn(config: Config): Place[] {
  const ofRules = config.rules.map((rule, index) => (
    { prefix: `rules[${index}].`, treatment: rule, inherited: config, match: rule.match }
  ));
  return [{ prefix: '', treatment: config, inherited: undefined, match: undefined }, ...ofRules];
}

function* placeAdvice(place: Place): Generator<string> {
  const { prefix, treatment, inherited, match } = place;
  yield* errorAdvice(treatment.onExceed.error, `${prefix}onExceed.error`, inherited?.onExceed.error, match);
  yield* warnAdvice(place);
}

function* warnAdvice({ prefix, treatment, inherited }: Place): Generator<string> {
  const { mode, limits, warn, hints } = treatment;
  for (const unit of units) {
    const isInherited = warn[unit] === inherited?.warn[unit];
    if (isInherited || mode === 'audit' || hints === 'any' || warn[unit] === Infinity) continue;
    if (warn[unit] < limits[unit]) continue;
    yield `${prefix}warn.${unit}: no buffered result passes it, since limits.${unit} cuts before`;
  }
}

function* limitAdvice({ mode, limits, warn, streaming, budget, rules }: Config): Generator<string> {
  const isUnlimited = ({ rows, bytes }: Limits) => rows === Infinity && bytes === Infinity;
  const isAnyLimited = budget.bytes < Infinity || ![limits, warn, streaming.limits].every(isUnlimited);
  if (rules.length === 0 && !isAnyLimited) yield 'limits: nothing is limited, and nothing warned about';
  if (mode === 'enforce' && limits.bytes < Infinity && budget.bytes < limits.bytes) {
    yield 'limits.bytes: is never reached, since budget.bytes cuts before';
  }
}

/** Settings of a rule that say something about the class that its responses never have. */
function* classAdvice(rule: Rule, config: Config, prefix: string): Generator<string> {
  for (const unit of units) {
    if (rule.class === 'streaming' && rule.limits[unit] !== config.limits[unit]) {
      yield `${prefix}limits.${unit}: has no effect in class streaming; streaming.limits.${unit} has`;
    }
    if (rule.class === 'buffered' && rule.streaming.limits[unit] !== config.streaming.limits[unit]) {
      yield `${prefix}streaming.limits.${unit}: has no effect in class buffered; limits.${unit} has`;
    }
  }
}

/** Rules and certificates that have ended or are about to. */
function endAdvice(config: Config, nowMs: number): string[] {
  return expiriesIn(config).flatMap((expiry) => expiryAdvice(expiry, nowMs) ?? []);
}

/** Rules that match nothing that an earlier one would leave. */
function* reachAdvice({ rules }: Config, nowMs: number): Generator<string> {
  const reaches = rules.map((rule) => ({ ...rule, conditions: conditionsOf(rule.match) }));
  for (const [index, { name, untilMs, conditions }] of reaches.entries()) {
    if (untilMs <= nowMs) continue;
    const first = reaches.find((other) => other.untilMs >= untilMs && cover(other.conditions, conditions));
    if (!first || first.name === name) continue;
    yield `rules[${index}].match: the rule ${name} is never reached: ${first.name} matches before`;
  }
}

function isReadableByOthers(file: string): boolean {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o004) !== 0;
}

function* killAdvice(kill: KillSettings, { mode, rules, drain }: Config): Generator<string> {
  if (mode === 'audit' && rules.every((rule) => rule.mode === 'audit')) {
    yield 'kill: is never used, since nothing is cut in mode audit';
  }
  for (const [key, when, bound] of [
    ['bytes', kill.when.bytes, drain.bytes], ['time', kill.when.timeMs, drain.timeMs],
  ] as const) {
    if (when < bound) continue;
    yield `kill.when.${key}: is never reached, since drain.${key} closes the connections before`;
  }
  if (kill.passwordFile !== undefined && isReadableByOthers(kill.passwordFile)) {
    yield `kill.passwordFile: every user of this host can read ${kill.passwordFile}; take that right away`;
  }
}

/** Addresses of this host alone: what goes there never leaves it. */
const loopback = /^(127\.|::1$|localhost$)/;

function* tlsAdvice({ listen, upstream }: Config): Generator<string> {
  for (const [index, { at, tls: { mode, cert } }] of listen.entries()) {
    const path = listen.length === 1 ? 'listen.tls' : `listen[${index}].tls`;
    if (mode === 'off' && !isSocketFile(at) && !loopback.test(at.host)) {
      yield `${path}.mode: is "off", and others than this host can connect: what they send can be read on its way`;
    }
    if (mode === 'passthrough') {
      yield `${path}.mode: is "passthrough": of clients that encrypt nothing is counted and nothing is cut`;
    }
    if (mode !== 'off' && cert !== undefined && isSelfSigned(cert)) {
      yield `${path}.cert: is signed by itself: clients have to be given it as their certificate authority, also ` +
        "MariaDB's from 11.4 on, which else trust such a one for what the server proves of the password and of its own";
    }
  }
  for (const [index, { tls: { ca, serverName, mode } }] of upstream.entries()) {
    const path = upstream.length === 1 ? 'upstream.tls' : `upstream[${index}].tls`;
    if ((ca !== undefined || serverName !== undefined) && !mode.startsWith('verify')) {
      yield `${path}.mode: is "${mode}", so that the server's certificate is not checked; "verify-full" checks it`;
    }
  }
}

function* workerAdvice({ workers }: Config, cores: number): Generator<string> {
  if (workers > 1 && workers > cores) {
    yield `workers: ${workers} are more than this machine has cores (${cores}), and share them; ` +
      'more than that gain nothing';
  }
}

/**
 * @param config a configuration that can be used
 * @param nowMs the time of day, in ms since 1970
 * @param cores of this machine
 * @returns what its author may not have meant, one line each, beginning with the key
 */
export function adviceOn(config: Config, nowMs = Date.now(), cores = availableParallelism()): string[] {
  return [
    ...placesIn(config).flatMap((place) => [...placeAdvice(place)]),
    ...limitAdvice(config),
    ...tlsAdvice(config),
    ...config.rules.flatMap((rule, index) => [...classAdvice(rule, config, `rules[${index}].`)]),
    ...endAdvice(config, nowMs),
    ...reachAdvice(config, nowMs),
    ...(config.kill ? killAdvice(config.kill, config) : []),
    ...workerAdvice(config, cores),
  ];
}

/** The patterns under each key of a match, such as "user" or "attributes._os". */
type Conditions = ReadonlyMap<string, readonly string[]>;

/** @returns the conditions of a match, without those that anything meets */
function conditionsOf({ attributes = {}, ...others }: Match): Conditions {
  const entries: [string, readonly string[]][] = Object.entries(others);
  for (const [name, patterns] of Object.entries(attributes)) entries.push([`attributes.${name}`, patterns]);
  return new Map(entries.filter(([, patterns]) => !patterns.includes('*')));
}

/**
 * @returns whether it is certain that who meets the later conditions meets the earlier ones: these have no
 * key that those have not, and none with fewer patterns
 */
function cover(earlier: Conditions, later: Conditions): boolean {
  return [...earlier].every(([key, patterns]) => {
    const some = later.get(key);
    return some !== undefined && some.every((pattern) => patterns.includes(pattern));
  });
}
