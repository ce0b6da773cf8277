import type { Config } from '../config.js';
import { findConflicts } from './conflicts.js';
import { decodeUtf8, readUpTo } from './file.js';
import { Findings } from './findings.js';
import { JsonError, parseJson } from './json.js';
import type { Kind } from './kinds.js';
import { isObject, walk } from './section.js';
import { settings } from './settings.js';

/** A configuration that cannot be used. */
export class ConfigError extends Error {
  /** @param problems everything that is wrong, one line each */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** What the command line says, by the flags' names. */
export type Flags = Readonly<Record<string, unknown>>;

// Thousands of rules fit. What is larger is some other file, or a device that never ends.
const maxFileBytes = 1024 * 1024;

/** @param from the flag or variable that names the file */
function readFile(file: string, from: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, maxFileBytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([`${from}: cannot read the configuration: ${reason}`]);
  }
  if (bytes.length > maxFileBytes) throw new ConfigError([`config: ${file}: larger than 1 MiB`]);
  try {
    return parseJson(decodeUtf8(bytes));
  } catch (error) {
    if (error instanceof JsonError) {
      throw new ConfigError([`config: ${file}:${error.line}:${error.column}: ${error.message}`]);
    }
    throw new ConfigError([`config: ${file}: not UTF-8`]);
  }
}

interface Given {
  /** "--max-rows" or "SLUICE_MAX_ROWS". */
  readonly from: string;
  readonly text: string;
}

/** SLUICE_MAX_ROWS for max-rows. */
export function variableOf(flagName: string): string {
  return `SLUICE_${flagName.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * What a flag says, or else its variable; an empty variable counts as none, since that is how a shell or a
 * manifest leaves one out.
 */
function given(flagName: string, flags: Flags, environment: NodeJS.ProcessEnv): Given | undefined {
  const flag = flags[flagName];
  if (typeof flag === 'string') return { from: `--${flagName}`, text: flag };
  const variable = environment[variableOf(flagName)];
  return variable ? { from: variableOf(flagName), text: variable } : undefined;
}

/** Lays a text over the JSON value at a path, making the objects on the way where they are missing. */
function overlay(below: unknown, path: readonly string[], kind: Kind<unknown>, text: string): unknown {
  if (below !== undefined && !isObject(below)) return below; // is an error of its own
  const [key = '', ...rest] = path;
  const value = below?.[key];
  const above = rest.length === 0 ? kind.fromText(text, value) : overlay(value, rest, kind, text);
  return { ...below, [key]: above };
}

/** @returns the file's JSON with flags and variables laid over it, and which of them has set which path */
function overlayAll(file: unknown, flags: Flags, environment: NodeJS.ProcessEnv) {
  const sources = new Map<string, string>();
  let json = file;
  for (const { path, field } of walk(settings)) {
    const source = field.flag && given(field.flag.name, flags, environment);
    if (!source) continue;
    json = overlay(json, path.split('.'), field.kind, source.text);
    sources.set(path, source.from);
  }
  return { json, sources };
}

/**
 * Builds the configuration: flag over environment variable over file over default.
 * @param flags `config` names the file; the others are those of the table of settings
 * @returns the configuration, frozen throughout
 * @throws {ConfigError} with everything that is wrong
 */
export function loadConfig(flags: Flags, environment: NodeJS.ProcessEnv): Config {
  const file = given('config', flags, environment);
  let problems: readonly string[] = [];
  let fromFile: unknown = {};
  try {
    if (file) fromFile = readFile(file.text, file.from);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems = error.problems;
  }
  const { json, sources } = overlayAll(fromFile, flags, environment);
  const findings = new Findings(sources);
  const config = settings.read(json, '', findings);
  if (problems.length > 0) throw new ConfigError([...problems, ...findings.fromSources]);
  if (config) findConflicts(config, findings);
  if (!config || findings.all.length > 0) throw new ConfigError(findings.all);
  return config;
}

/**
 * Reads a configuration that stands nowhere but in memory.
 * @param json what a file would hold
 * @throws {ConfigError} with everything that is wrong
 */
export function readConfig(json: unknown): Config {
  const findings = new Findings(new Map());
  const config = settings.read(json, '', findings);
  if (!config || findings.all.length > 0) throw new ConfigError(findings.all);
  return config;
}

/**
 * @returns the configuration as JSON in its own notation; loading that gives the same configuration, unless a
 * secret had to be left out
 */
export function printConfig(config: Config): string {
  return JSON.stringify(settings.write(config), null, 2);
}
