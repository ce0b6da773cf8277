import type { Options } from 'yargs';
import type { Address } from '../../config/config.js';
import { loadWithNotices, type LoadedConfig } from '../../config/load.js';
import { isObject } from '../../config/schema/section.js';
import { RECORDED_TAGS } from '../../config/tags.js';
import { variableOf } from '../../config/variables.js';
import { TEST_TAGS } from '../../report/finding.js';
import { POSITION_TAGS } from '../../report/position.js';
import type { Arguments } from '../command.js';
import { configOptions } from '../flags.js';

// The configuration of `sluice run`: that of `sluice start`, with some changes for a single command.

const { admin: _admin, ...options } = configOptions;

/** An option whose default is another one than the setting's. */
function withDefault(name: string, defaultDescription: string): Record<string, Options> {
  return { [name]: { ...options[name], defaultDescription } };
}

/** The flags of the configuration. */
export const runOptions: Readonly<Record<string, Options>> = {
  ...options,
  ...withDefault('listen', 'a free port of 127.0.0.1'),
  ...withDefault('mode', 'audit'),
  ...withDefault('log-level', 'warn'),
};

/** The tags that records show. They include the test of a statement, and its place in the code. */
const TAGS = [...new Set([...RECORDED_TAGS, ...POSITION_TAGS, ...TEST_TAGS])];

const FREE_PORT = { host: '127.0.0.1', port: 0 };

/** The time for which open sessions may continue after the end of the command. */
const SESSIONS_TIMEOUT = '5s';

function over(defaults: object, given: unknown): unknown {
  if (given === undefined) return defaults;
  return isObject(given) ? { ...defaults, ...given } : given;
}

/** The needs of one command: settings instead of those of a server, and other defaults. */
export interface Needs {
  /** The address of the embedded server, if it takes the place of the configured ones; null if not. */
  readonly demo: Address | null;
  /** Whether each result is needed, also those within the limits. */
  readonly allResults: boolean;
}

const EVERY_RESULT = { sample: { oneIn: 1, perSecond: Number.MAX_SAFE_INTEGER } };

/** Changes a configuration for a command. */
function adapted(json: unknown, given: Arguments, { demo, allResults }: Needs): unknown {
  if (!isObject(json)) return json;
  const audit = over({ tags: TAGS }, json['audit']);
  return {
    mode: 'audit',
    ...json,
    ...(given['listen'] === undefined ? { listen: FREE_PORT } : {}),
    ...(demo === null ? {} : { upstream: demo }),
    audit: allResults && isObject(audit) ? { ...audit, ...EVERY_RESULT } : audit,
    log: over({ level: 'warn' }, json['log']),
    shutdown: over({ timeout: SESSIONS_TIMEOUT }, json['shutdown']),
    admin: null,
    workers: 1,
  };
}

/** The flags whose variables are for a proxy that runs by itself. */
const OF_A_SERVER = ['listen', 'admin'];

/**
 * Loads the configuration for a command.
 * @throws {ConfigError}
 */
export function runConfigFrom(given: Arguments, environment: NodeJS.ProcessEnv, needs: Needs): LoadedConfig {
  const hidden = [...OF_A_SERVER, ...(needs.demo === null ? [] : ['upstream'])].map(variableOf);
  const visible = Object.entries(environment).filter(([name]) => !hidden.includes(name));
  return loadWithNotices(given, Object.fromEntries(visible), (json) => adapted(json, given, needs));
}
