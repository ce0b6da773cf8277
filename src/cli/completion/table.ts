// The commands and flags of `sluice --help`, in the form from which the scripts for shells are made.

import type { Command, Flag } from '../command.js';
import { aboutFlag } from '../flags.js';

/** A command with all that may follow it. */
export interface CompletedCommand {
  readonly name: string;
  readonly about: string;
  /** Whether it runs if the command line names no command. */
  readonly isDefault: boolean;
  readonly flags: readonly CompletedFlag[];
  /** Whether its arguments besides flags are files. */
  readonly takesFiles: boolean;
  /** The arguments besides flags that there are. */
  readonly operands: readonly string[];
}

/** A flag with its values. */
export interface CompletedFlag {
  readonly name: string;
  readonly about: string;
  readonly takesValue: boolean;
  readonly takesFile: boolean;
  /** The values that it can have, if these are few. */
  readonly values: readonly string[];
}

function completedFlag(name: string, flag: Flag): CompletedFlag {
  return {
    name,
    about: aboutFlag(flag.describe ?? ''),
    takesValue: flag.type !== 'boolean',
    takesFile: flag.takesFile ?? false,
    values: flag.values ?? [],
  };
}

/** The flags that every command has. */
const COMMON: readonly CompletedFlag[] = [['help', 'show the help'], ['version', 'show the version']].map(
  ([name = '', about = '']) => ({ name, about, takesValue: false, takesFile: false, values: [] }),
);

/** A command as shells complete it. */
export function completedCommand(command: Command): CompletedCommand {
  const { name, describe, isDefault = false, options, operands = '', operandValues = [] } = command;
  const flags = Object.entries(options).map(([flag, parts]) => completedFlag(flag, parts));
  return {
    name, about: describe, isDefault, flags: [...flags, ...COMMON],
    takesFiles: operands.includes('FILE'), operands: operandValues,
  };
}

/** The flags that take a value, of any command. */
export function flagsWithValue(commands: readonly CompletedCommand[]): string[] {
  const names = commands.flatMap(({ flags }) => flags.filter(({ takesValue }) => takesValue).map(({ name }) => name));
  return [...new Set(names)].map((name) => `--${name}`);
}
