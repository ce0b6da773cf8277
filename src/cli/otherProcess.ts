import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import yargs from 'yargs';
import { ConfigError, type Flags } from '../config/load.js';
import type { Arguments } from './command.js';
import { configOptions, PARSER } from './flags.js';
import { reasonOf } from './listening.js';

/** What a process was told when it was started. */
export interface Told {
  readonly flags: Flags;
  readonly environment: NodeJS.ProcessEnv;
}

/** A file of proc(5) in which texts end with a NUL each. */
function texts(pid: string, name: string): string[] {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').slice(0, -1);
}

function entry(variable: string): [string, string] {
  const equals = variable.indexOf('=');
  return [variable.slice(0, equals), variable.slice(equals + 1)];
}

/** The arguments behind this program's own file, whatever stands before that; null where it is not there. */
function argumentsIn(commandLine: readonly string[], folder: string): readonly string[] | null {
  const own = realpathSync(process.argv[1] ?? '');
  const index = commandLine.findIndex((argument) => {
    try {
      return realpathSync(resolve(folder, argument)) === own;
    } catch {
      return false;
    }
  });
  return index === -1 ? null : commandLine.slice(index + 1);
}

/**
 * Takes the place of another process of this program: its working folder becomes this one's, too.
 * @param pid its number, as text
 * @param flags that hold before its own
 * @throws {ConfigError} where there is no such process, or it may not be looked at
 */
export function joinProcess(pid: unknown, flags: Arguments): Told {
  const refuse = (says: string) => new ConfigError([`--pid: ${says}`]);
  if (typeof pid !== 'string' || !/^[1-9]\d{0,9}$/.test(pid)) {
    throw refuse(`expected the number of a process, got ${JSON.stringify(pid)}`);
  }
  try {
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    const args = argumentsIn(texts(pid, 'cmdline'), folder);
    if (args === null) throw refuse(`process ${pid} does not run this program`);
    const environment = Object.fromEntries(texts(pid, 'environ').map(entry));
    process.chdir(folder);
    const parser = yargs([...args]).parserConfiguration(PARSER).options(configOptions).help(false).version(false);
    return { flags: { ...parser.parseSync(), ...flags }, environment };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw refuse(`cannot look at process ${pid}: ${reasonOf(error).message}`);
  }
}
