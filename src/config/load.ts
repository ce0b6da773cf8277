import { dirname, resolve } from 'node:path';
import type { Address, Config, Place } from './config.js';
import { admin } from './admin.js';
import { adminTokenVariables, withAdminToken, withoutTokenFile } from './adminToken.js';
import { withAutomatic } from './automatic.js';
import { decodeUtf8, fileFailure, readUpTo } from './file.js';
import { settingsIn } from './fileSchema.js';
import { Findings } from './schema/findings.js';
import { JsonError, parseJson } from './json.js';
import { openTelemetryVariables } from './openTelemetryVariables.js';
import { overlayAll, valueAt, type ConfigFile, type Given, type GivenSetting } from './overlay.js';
import { walk } from './schema/section.js';
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

const NO_FILE: ConfigFile = { json: {}, folder: null };

/** Reads the file that a flag or a variable names. @throws {ConfigError} */
function fileFrom(flags: Flags, environment: NodeJS.ProcessEnv): ConfigFile {
  const file = given('config', flags, environment);
  return file ? { json: readFile(file.text, file.from), folder: dirname(resolve(file.text)) } : NO_FILE;
}

function* givenSettings(flags: Flags, environment: NodeJS.ProcessEnv): Generator<GivenSetting> {
  for (const { path, field } of walk(settings)) {
    const source = field.flag && given(field.flag.name, flags, environment);
    if (source) yield { ...source, keys: path.split('.'), kind: field.kind };
  }
}

/** Changes the JSON of a configuration before it is read. What is no object stays as it is: reading reports it. */
export type Adaptation = (json: unknown) => unknown;

/** A configuration, and lines about the sources of its values. */
export interface LoadedConfig {
  readonly config: Config;
  /** Warnings. */
  readonly notices: readonly string[];
  /** The values that "auto" stands for. */
  readonly figures: readonly string[];
}

/**
 * Builds the configuration. Flags override environment variables, variables override the file, the file overrides the
 * defaults.
 * @param flags `config` names the file; the others are those of the table of settings
 * @param adapt sets the settings that a command decides: those that are left open, and those that do not apply to it
 * @param root where `/proc` and the mounted control groups are found
 * @returns the frozen configuration, with notices about variables that override the file or are mistyped
 * @throws {ConfigError} with all mistakes
 */
export function loadWithNotices(
  flags: Flags, environment: NodeJS.ProcessEnv, adapt: Adaptation = (json) => json, root = '/',
): LoadedConfig {
  let problems: readonly string[] = [];
  let file = NO_FILE;
  try {
    file = fileFrom(flags, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems = error.problems;
  }
  const telemetry = openTelemetryVariables(file.json, environment);
  const token = adminTokenVariables(telemetry.json, environment, given('admin', flags, environment) !== undefined);
  const allGiven = [...givenSettings(flags, environment), ...token.given, ...telemetry.given];
  const { json, sources, overridden } = overlayAll({ ...file, json: token.json }, allGiven);
  const findings = new Findings(sources, file.folder);
  const automatic = withAutomatic(adapt(settingsIn(json, findings)), environment, findings, root);
  const config = settings.read(automatic.json, '', findings);
  if (problems.length > 0) throw new ConfigError([...problems, ...token.problems, ...findings.fromSources]);
  if (config) findConflicts(config, findings);
  const mistakes = [...token.problems, ...findings.all];
  if (!config || mistakes.length > 0) throw new ConfigError(mistakes);
  const notices = [
    ...telemetry.notices, ...token.notices, ...automatic.notices, ...overridden, ...strayVariables(environment),
  ];
  return { config: withAdminToken(config, token.token), notices, figures: automatic.figures };
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
  // The user who asks for the address may not be allowed to read the token.
  const found = source ? admin.fromText(source.text, undefined) : valueAt(withoutTokenFile(json), ['admin']);
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
  const automatic = withAutomatic(settingsIn(json, findings), process.env, findings, '/');
  const config = settings.read(automatic.json, '', findings);
  if (!config || findings.all.length > 0) throw new ConfigError(findings.all);
  return config;
}

/**
 * @returns the configuration as JSON, with figures in the place of "auto"; loading it gives the same configuration,
 * except for secrets that had to be left out
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
