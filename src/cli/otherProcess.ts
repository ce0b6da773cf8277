import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import yargs from 'yargs';
import { type Flags } from '../config/load.js';
import { type Arguments, UsageError } from './command.js';
import { configOptions, PARSER } from './flags.js';
import { errorText } from '../text/errorText.js';
import { keyAndValue } from '../text/keyAndValue.js';

/** The flags and variables that a process was started with. */
export interface Told {
  readonly flags: Flags;
  readonly environment: NodeJS.ProcessEnv;
}

/** Reads a file of proc(5) in which each text ends with a NUL. */
function texts(pid: string, name: string): string[] {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').slice(0, -1);
}

function variable(text: string): [name: string, value: string] {
  const [name, value] = keyAndValue(text);
  return [name, value ?? ''];
}

/** The arguments after this program's own file; null if the command line does not contain that file. */
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
 * Takes over the flags, the variables and the working folder of another process of this program.
 * @param pid the process's number, as text
 * @param flags flags that override those of the process
 * @throws {UsageError} if there is no such process, or if it may not be read
 */
export function joinProcess(pid: unknown, flags: Arguments): Told {
  const refuse = (says: string) => new UsageError([`--pid: ${says}`]);
  if (typeof pid !== 'string' || !/^[1-9]\d{0,9}$/.test(pid)) {
    throw refuse(`expected the number of a process, got ${JSON.stringify(pid)}`);
  }
  try {
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    const args = argumentsIn(texts(pid, 'cmdline'), folder);
    if (args === null) throw refuse(`process ${pid} does not run this program`);
    const environment = Object.fromEntries(texts(pid, 'environ').map(variable));
    process.chdir(folder);
    const parser = yargs([...args]).parserConfiguration(PARSER).options(configOptions).help(false).version(false);
    return { flags: { ...parser.parseSync(), ...flags }, environment };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw refuse(`cannot read process ${pid}: ${errorText(error)}`);
  }
}
