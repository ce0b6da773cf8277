import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Address, Config, Place } from './config.js';
import { admin } from './admin.js';
import { decodeUtf8, fileFailure, readUpTo } from './file.js';
import { Findings } from './schema/findings.js';
import { JsonError, parseJson } from './json.js';
import type { Kind } from './schema/kinds.js';
import { isObject, walk } from './schema/section.js';
import { settings } from './settings.js';
import { strayVariables, variableOf } from './variables.js';
import { isSocketFile } from './address.js';

/** A configuration that cannot be used. */
export class ConfigError extends Error {
  /** @param problems everything that is wrong, one line each */
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/** The flags of the command line, by name. */
export type Flags = Readonly<Record<string, unknown>>;

// Enough for thousands of rules. A larger file is no configuration.
const MAX_FILE_BYTES = 1024 * 1024;

/** @param from the flag or variable that names the file */
function readFile(file: string, from: string): unknown {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, MAX_FILE_BYTES);
  } catch (error) {
    throw new ConfigError([`${from}: cannot read the configuration: ${fileFailure(file, error)}`]);
  }
  if (bytes.length > MAX_FILE_BYTES) throw new ConfigError([`config: ${file}: larger than 1 MiB`]);
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
  readonly isFlag: boolean;
  readonly text: string;
}

/**
 * The value of a flag, or else of its variable. An empty variable counts as absent, because shells and manifests leave
 * a variable out that way.
 */
function given(flagName: string, flags: Flags, environment: NodeJS.ProcessEnv): Given | undefined {
  const flag = flags[flagName];
  if (typeof flag === 'string') return { from: `--${flagName}`, isFlag: true, text: flag };
  const variable = environment[variableOf(flagName)];
  return variable ? { from: variableOf(flagName), isFlag: false, text: variable } : undefined;
}

/** Puts a text in place of the JSON value at a path. Missing objects on the path are made. */
function overlay(below: unknown, path: readonly string[], kind: Kind<unknown>, text: string): unknown {
  if (below !== undefined && !isObject(below)) return below; // reading reports this as an error
  const [key = '', ...rest] = path;
  const value = below?.[key];
  const above = rest.length === 0 ? kind.fromText(text, value) : overlay(value, rest, kind, text);
  return { ...below, [key]: above };
}

/** A configuration file: its JSON, and the folder where its relative paths start. */
interface ConfigFile {
  readonly json: unknown;
  readonly folder: string | null;
}

const NO_FILE: ConfigFile = { json: {}, folder: null };

/** Reads the file that a flag or a variable names. @throws {ConfigError} */
function fileFrom(flags: Flags, environment: NodeJS.ProcessEnv): ConfigFile {
  const file = given('config', flags, environment);
  return file ? { json: readFile(file.text, file.from), folder: dirname(resolve(file.text)) } : NO_FILE;
}

/** The JSON of a file, with flags and variables in place of its values. */
interface Overlaid {
  readonly json: unknown;
  /** The name of the flag or variable for each path that one has set. */
  readonly sources: ReadonlyMap<string, string>;
  /** The variables that override the file with another value, one line each. */
  readonly overridden: readonly string[];
}

function overlayAll(file: ConfigFile, flags: Flags, environment: NodeJS.ProcessEnv): Overlaid {
  const sources = new Map<string, string>();
  const overridden: string[] = [];
  let { json } = file;
  for (const { path, field } of walk(settings)) {
    const source = field.flag && given(field.flag.name, flags, environment);
    if (!source) continue;
    const keys = path.split('.');
    const before = valueAt(json, keys);
    json = overlay(json, keys, field.kind, source.text);
    sources.set(path, source.from);
    if (source.isFlag || before === undefined) continue;
    const read = (value: unknown) => field.kind.read(value, path, new Findings(sources, file.folder));
    if (isDeepStrictEqual(read(before), read(valueAt(json, keys)))) continue;
    overridden.push(`${path}: ${source.from} overrides the file; unset it to use the file`);
  }
  return { json, sources, overridden };
}

function valueAt(json: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return json;
  return isObject(json) && Object.hasOwn(json, key) ? valueAt(json[key], rest) : undefined;
}

/** A configuration, and notices about the sources of its values, one line each. */
export interface LoadedConfig {
  readonly config: Config;
  readonly notices: readonly string[];
}

/**
 * Builds the configuration. Flags override environment variables, variables override the file, the file overrides the
 * defaults.
 * @param flags `config` names the file; the others are those of the table of settings
 * @returns the frozen configuration, with notices about variables that override the file or are mistyped
 * @throws {ConfigError} with all mistakes
 */
export function loadWithNotices(flags: Flags, environment: NodeJS.ProcessEnv): LoadedConfig {
  let problems: readonly string[] = [];
  let file = NO_FILE;
  try {
    file = fileFrom(flags, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems = error.problems;
  }
  const { json, sources, overridden } = overlayAll(file, flags, environment);
  const findings = new Findings(sources, file.folder);
  const config = settings.read(json, '', findings);
  if (problems.length > 0) throw new ConfigError([...problems, ...findings.fromSources]);
  if (config) findConflicts(config, findings);
  if (!config || findings.all.length > 0) throw new ConfigError(findings.all);
  return { config, notices: [...overridden, ...strayVariables(environment)] };
}

/** Builds the configuration without the notices. */
export function loadConfig(flags: Flags, environment: NodeJS.ProcessEnv): Config {
  return loadWithNotices(flags, environment).config;
}

/**
 * The address of a configuration's admin endpoint. Mistakes elsewhere in the configuration do not matter. The file is
 * read only if neither a flag nor a variable gives the address.
 * @returns null if there is no endpoint
 * @throws {ConfigError}
 */
export function loadAdminAddress(flags: Flags, environment: NodeJS.ProcessEnv): Address | null {
  const source = given('admin', flags, environment);
  const { json, folder } = source ? NO_FILE : fileFrom(flags, environment);
  const found = source ? admin.fromText(source.text, undefined) : valueAt(json, ['admin']);
  const findings = new Findings(new Map(source ? [['admin', source.from]] : []), folder);
  const read = admin.read(found ?? null, 'admin', findings);
  if (read === undefined) throw new ConfigError(findings.all);
  return read === null ? null : read.listen;
}

/**
 * Reads a configuration from memory.
 * @param json the contents of a configuration file
 * @throws {ConfigError} with all mistakes
 */
export function readConfig(json: unknown): Config {
  const findings = new Findings(new Map(), null);
  const config = settings.read(json, '', findings);
  if (!config || findings.all.length > 0) throw new ConfigError(findings.all);
  return config;
}

/**
 * @returns the configuration as JSON; loading it gives the same configuration, except for secrets that had to be left
 * out
 */
export function printConfig(config: Config): string {
  return JSON.stringify(settings.write(config), null, 2);
}

function isSame(one: Place, other: Place): boolean {
  if (isSocketFile(one) || isSocketFile(other)) {
    return isSocketFile(one) && isSocketFile(other) && one.path === other.path;
  }
  return one.port === other.port && one.host.toLowerCase() === other.host.toLowerCase();
}

/** The paths of the settings that hold results back. A rule may inherit such a setting. */
function* holders({ onExceed, rules }: Config): Generator<string> {
  const path = 'onExceed.action';
  if (onExceed.action === 'hold') return yield path;
  for (const [index, rule] of rules.entries()) {
    if (rule.onExceed.action === 'hold') yield `rules[${index}].${path}`;
  }
}

/** Finds settings that are valid alone but contradict each other. */
function findConflicts(config: Config, findings: Findings): void {
  if (config.upstream.some((server) => config.listen.some((listen) => isSame(listen.at, server.at)))) {
    findings.add('upstream', 'is the address that Sluice itself listens on; give the address of the server');
  }
  const { workers, audit: { sample } } = config;
  if (sample.perSecond < workers) {
    findings.add('audit.sample.perSecond', `is divided among the workers: give at least ${workers}, or fewer workers`);
  }
  if (config.budget.bytes < Infinity) return;
  for (const path of holders(config)) {
    findings.add(path, '"hold" needs a budget for what is held: give budget.bytes, such as "256MiB"');
  }
}
