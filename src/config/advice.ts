import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { AdminSettings, Config, KillSettings, Limits, Match, Rule, Treatment } from './config.js';
import { TOKEN_VARIABLE } from './adminToken.js';
import { errorAdvice, REFUSED_ERROR, REFUSED_MESSAGE } from './errorAdvice.js';
import { expiriesIn, expiryAdvice } from './expiry.js';
import { isSocketFile } from './address.js';
import { isSelfSigned } from './tlsFiles.js';
import { counted } from '../text/counted.js';
import { world } from '../world/world.js';

// Warnings about settings that are valid but probably a mistake.

type Unit = keyof Limits;
const UNITS: readonly Unit[] = ['rows', 'bytes'];

/** The settings of one rule, or the global settings. */
interface Scope {
  /** The prefix of the keys: "" or "rules[0].". */
  readonly prefix: string;
  readonly treatment: Treatment;
  /** The settings from which these inherit; a warning about those is not repeated here. */
  readonly inherited: Treatment | undefined;
  /** The rule's conditions; undefined for the global settings. */
  readonly match: Match | undefined;
}

function placesIn(config: Config): Scope[] {
  const ofRules = config.rules.map((rule, index) => (
    { prefix: `rules[${index}].`, treatment: rule, inherited: config, match: rule.match }
  ));
  return [{ prefix: '', treatment: config, inherited: undefined, match: undefined }, ...ofRules];
}

function* placeAdvice(place: Scope): Generator<string> {
  const { prefix, treatment, inherited, match } = place;
  yield* errorAdvice(treatment.onExceed.error, `${prefix}onExceed.error`, inherited?.onExceed.error, match);
  yield* warnAdvice(place);
}

function* warnAdvice({ prefix, treatment, inherited }: Scope): Generator<string> {
  const { mode, limits, warn, hints } = treatment;
  for (const unit of UNITS) {
    const isInherited = warn[unit] === inherited?.warn[unit];
    if (isInherited || mode === 'audit' || hints === 'any' || warn[unit] === Infinity) continue;
    if (warn[unit] < limits[unit]) continue;
    yield `${prefix}warn.${unit}: is never reached, since limits.${unit} cuts a buffered result first`;
  }
}

function* limitAdvice({ mode, limits, warn, streaming, budget, rules }: Config): Generator<string> {
  const isUnlimited = ({ rows, bytes }: Limits) => rows === Infinity && bytes === Infinity;
  const isAnyLimited = budget.bytes < Infinity || ![limits, warn, streaming.limits].every(isUnlimited);
  if (rules.length === 0 && !isAnyLimited) yield 'limits: no result has a limit or a warning threshold';
  if (mode === 'enforce' && limits.bytes < Infinity && budget.bytes < limits.bytes) {
    yield 'limits.bytes: is never reached, since budget.bytes cuts first';
  }
}

/** Warns about a rule's limits for responses that it never has. */
function* classAdvice(rule: Rule, config: Config, prefix: string): Generator<string> {
  for (const unit of UNITS) {
    if (rule.action === 'refuse' && rule.mode === 'enforce' && rule.limits[unit] !== config.limits[unit]) {
      yield `${prefix}limits.${unit}: has no effect, since the rule refuses what it matches`;
      continue;
    }
    if (rule.class === 'streaming' && rule.limits[unit] !== config.limits[unit]) {
      yield `${prefix}limits.${unit}: has no effect in class streaming; streaming.limits.${unit} has`;
    }
    if (rule.class === 'buffered' && rule.streaming.limits[unit] !== config.streaming.limits[unit]) {
      yield `${prefix}streaming.limits.${unit}: has no effect in class buffered; limits.${unit} has`;
    }
  }
}

/** Warns about a refusal that does not take place, and about its error. */
function* refusalAdvice({ action, refusal, match }: Rule, { listen }: Config, prefix: string): Generator<string> {
  if (action === null) {
    const { code, sqlState, message, unjudged } = refusal;
    const isPlain = code === REFUSED_ERROR.code && sqlState === REFUSED_ERROR.sqlState && message === REFUSED_MESSAGE;
    if (unjudged || !isPlain) yield `${prefix}refusal: has no effect without "action": "refuse"`;
    return;
  }
  yield* errorAdvice(refusal, `${prefix}refusal`, undefined, match, REFUSED_ERROR);
  if (listen.some(({ tls }) => tls.mode === 'passthrough')) {
    yield `${prefix}action: refuses nothing of clients that encrypt, since listen.tls.mode is "passthrough"`;
  }
}

/** Warns about rules and certificates that have expired or will soon. */
function endAdvice(config: Config, nowMs: number): string[] {
  return expiriesIn(config).flatMap((expiry) => expiryAdvice(expiry, nowMs) ?? []);
}

/** Warns about rules that can never match, because an earlier rule matches first. */
function* reachAdvice({ rules }: Config, nowMs: number): Generator<string> {
  const reaches = rules.map((rule) => ({ ...rule, conditions: conditionsOf(rule.match) }));
  for (const [index, { name, untilMs, conditions }] of reaches.entries()) {
    if (untilMs <= nowMs) continue;
    const first = reaches.find((other) => other.untilMs >= untilMs && cover(other.conditions, conditions));
    if (!first || first.name === name) continue;
    yield `rules[${index}].match: the rule ${name} is never reached: ${first.name} matches first`;
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
    yield `kill.when.${key}: is never reached, since drain.${key} closes the connections first`;
  }
  if (kill.passwordFile !== undefined && isReadableByOthers(kill.passwordFile)) {
    yield `kill.passwordFile: every user of this host can read ${kill.passwordFile}; make it readable for Sluice alone`;
  }
}

/** A token of random letters and digits with fewer characters can be found by trying. */
const SHORTEST_TOKEN = 16;

function* adminAdvice({ listen, tokenFile, token }: AdminSettings): Generator<string> {
  if (token === null && !LOOPBACK.test(listen.host)) {
    yield `admin.listen: other hosts can connect, and without a token they get only what is public: give ` +
      `admin.tokenFile or ${TOKEN_VARIABLE}`;
  }
  if (tokenFile !== undefined && isReadableByOthers(tokenFile)) {
    yield `admin.tokenFile: every user of this host can read ${tokenFile}; make it readable for Sluice alone`;
  }
  if (token !== null && token.length < SHORTEST_TOKEN) {
    yield `${tokenFile === undefined ? TOKEN_VARIABLE : 'admin.tokenFile'}: the token is short, and can be guessed; ` +
      `give one of at least ${SHORTEST_TOKEN} random characters, such as openssl rand -hex 16 prints`;
  }
}

/** Addresses of this host alone. Traffic to them never leaves the host. */
const LOOPBACK = /^(127\.|::1$|localhost$)/;

function* tlsAdvice({ listen, upstream }: Config): Generator<string> {
  for (const [index, { at, tls: { mode, cert } }] of listen.entries()) {
    const path = listen.length === 1 ? 'listen.tls' : `listen[${index}].tls`;
    if (mode === 'off' && !isSocketFile(at) && !LOOPBACK.test(at.host)) {
      yield `${path}.mode: is "off", and other hosts can connect: their traffic can be read on the way`;
    }
    if (mode === 'passthrough') {
      yield `${path}.mode: is "passthrough": for clients that encrypt, nothing is counted or cut`;
    }
    if (mode !== 'off' && cert !== undefined && isSelfSigned(cert)) {
      yield `${path}.cert: is self-signed: give it to the clients as their certificate authority. MariaDB's clients ` +
        "from 11.4 on need it too: the proof for which they would trust it covers the server's own certificate";
    }
  }
  for (const [index, { tls: { ca, serverName, mode } }] of upstream.entries()) {
    const path = upstream.length === 1 ? 'upstream.tls' : `upstream[${index}].tls`;
    if ((ca !== undefined || serverName !== undefined) && !mode.startsWith('verify')) {
      yield `${path}.mode: is "${mode}": the server's certificate is not checked; "verify-full" checks it`;
    }
  }
}

function* workerAdvice({ workers }: Config, cores: number): Generator<string> {
  if (workers > 1 && workers > cores) {
    yield `workers: ${workers} workers share the ${counted(cores, 'core')} of this machine; ` +
      'more workers than cores gain nothing';
  }
}

/**
 * Warns about settings that are valid but probably a mistake.
 * @param config a valid configuration
 * @param nowMs the time of day, in ms since 1970
 * @param cores the number of cores of this machine
 * @returns one line for each warning, beginning with the key
 */
export function adviceOn(config: Config, nowMs = world.dateMs(), cores = availableParallelism()): string[] {
  return [
    ...placesIn(config).flatMap((place) => [...placeAdvice(place)]),
    ...limitAdvice(config),
    ...tlsAdvice(config),
    ...config.rules.flatMap((rule, index) => {
      const prefix = `rules[${index}].`;
      return [...classAdvice(rule, config, prefix), ...refusalAdvice(rule, config, prefix)];
    }),
    ...endAdvice(config, nowMs),
    ...reachAdvice(config, nowMs),
    ...(config.kill ? killAdvice(config.kill, config) : []),
    ...(config.admin ? adminAdvice(config.admin) : []),
    ...workerAdvice(config, cores),
  ];
}

/** The patterns under each key of a match, such as "user" or "attributes._os". */
type Conditions = ReadonlyMap<string, readonly string[]>;

/** @returns the conditions of a match, without those that every client meets */
function conditionsOf({ attributes = {}, tags = {}, ...others }: Match): Conditions {
  const entries: [string, readonly string[]][] = Object.entries(others);
  for (const [name, patterns] of Object.entries(attributes)) entries.push([`attributes.${name}`, patterns]);
  for (const [name, patterns] of Object.entries(tags)) entries.push([`tags.${name}`, patterns]);
  return new Map(entries.filter(([, patterns]) => !patterns.includes('*')));
}

/**
 * Whether everything that meets the later conditions certainly meets the earlier ones. This is so if the earlier ones
 * have no key that the later ones lack, and each of their keys allows at least the same patterns.
 */
function cover(earlier: Conditions, later: Conditions): boolean {
  return [...earlier].every(([key, patterns]) => {
    const some = later.get(key);
    return some !== undefined && some.every((pattern) => patterns.includes(pattern));
  });
}
