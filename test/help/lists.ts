import { configOptions } from '../../src/cli/flags.js';
import { listenForm, upstreamForm } from '../../src/config/ends.js';
import { rule } from '../../src/config/rules.js';
import { type Field, isSection, type Section, walk } from '../../src/config/schema/section.js';
import { settings } from '../../src/config/settings.js';
import { variableOf } from '../../src/config/variables.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { readMetrics } from '../../src/telemetry/readMetrics.js';
import type { ProxyStatus } from '../../src/telemetry/status.js';
import { filled } from './filled.js';

// The lists of the documents, made from the code's own tables.

/** The form of a size or a time is described once above the list. */
const EXAMPLES = / such as [^()]*\((?:B|ms), [^()]*\)/;

const inJson = (value: unknown): string => JSON.stringify(value).replaceAll(',', ', ');

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const defaultOf = ({ fallback, isOptional }: Field): string => {
  if (fallback !== undefined) return ` Default: \`${inJson(fallback)}\`.`;
  return isOptional === true ? '' : ' Required.';
};

/** The allowed values of a setting; empty when its purpose names them all. */
const valueOf = ({ about = '', kind }: Field): string => {
  const choices = [...kind.expected.matchAll(/"([\w-]+)"/g)].map(([, choice = '']) => choice);
  if (choices.length > 1 && choices.every((choice) => about.includes(choice))) return '';
  return ` ${capitalized(kind.expected.replace(EXAMPLES, ''))}.`;
};

const settingItem = ({ path, field }: { readonly path: string; readonly field: Field }): string => {
  if (field.about === undefined) throw new Error(`${path} has no \`about\`: say in src/config what it is for`);
  return filled(`- \`${path}\`: ${field.about}.${valueOf(field)}${defaultOf(field)}`);
};

/** The sections of `listen` and `upstream` when they are objects. */
const FORMS: ReadonlyMap<string, Section<unknown>> = new Map<string, Section<unknown>>([
  ['listen', listenForm], ['upstream', upstreamForm],
]);

/** A section is listed only when it may be null. */
const hasValue = (field: Field): boolean => !isSection(field.kind) || field.fallback === null;

/** Every setting of the configuration: its purpose, allowed values and default. */
export const settingItems = (): string[] =>
  [...walk(settings)].flatMap((setting) => {
    const form = FORMS.get(setting.path);
    const within = form === undefined ? [] : [...walk(form, setting.path)];
    return [setting, ...within].filter(({ field }) => hasValue(field)).map(settingItem);
  });

/** The keys that only rules have. */
export const ruleItems = (): string[] => {
  const isShared = (path: string): boolean => [...walk(settings)].some((setting) => setting.path === path);
  return [...walk(rule)].filter(({ path, field }) => hasValue(field) && !isShared(path)).map(settingItem);
};

/** Every flag of the configuration, its variable and its setting, in columns. */
export const flagLines = (): string[] => {
  const paths = new Map([...walk(settings)].map(({ path, field }) => [field.flag?.name, { path, flag: field.flag }]));
  const rows = Object.keys(configOptions).map((name) => {
    const { path = 'the file', flag } = paths.get(name) ?? {};
    return [`--${name} ${flag?.value ?? 'FILE'}`, variableOf(name), path];
  });
  const line = ([flag = '', variable = '', path = '']: readonly string[]): string =>
    `${flag.padEnd(29)}${variable.padEnd(20)}${path}`;
  return [line(['flag', 'variable', 'setting']), ...rows.map(line)];
};

/** The metrics of a program that has done nothing yet. */
const STATUS: ProxyStatus = {
  openSessions: 0, stalledSessions: 0, clientlessDrains: 0, budgetUsedBytes: 0, budgetMaxBytes: Infinity,
  hints: { followed: 0, forbidden: 0, malformed: 0 }, droppedSamples: 0,
  live: { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 },
};

const METRICS = readMetrics({
  metrics: new Metrics(),
  administered: {
    isReady: true, status: () => STATUS, expiries: [], droppedAuditRecords: 0, droppedLogLines: 0,
    containerMemory: { limitBytes: 0, usedBytes: 0 },
  },
  loopDelay: { p50: 0, p99: 0, max: 0 },
  version: '',
});

/** Every metric with its type and its description. */
export const metricItems = (): string[] =>
  METRICS.map(({ name, help, type }) => filled(`- \`${name}\` (${type}): ${help}`));
