import yargs, { type Argv } from 'yargs';
import { advise } from './advise.js';
import { check } from './check.js';
import { type Arguments, type Command, didYouMean, exitCodes, say, UsageError, version } from './command.js';
import { demo } from './demo.js';
import { health } from './health.js';
import { help } from './help.js';
import { report } from './report.js';
import { exampleOf, PARSER, variables } from './flags.js';
import { start } from './start.js';
import { ConfigError } from '../config/load.js';

// The command line: every command with its flags, and what is said of mistakes in them.

const commands: readonly Command[] = [start, check, health, report, advise, demo, help];

/** The short names of what every command has. */
const SHORT = { help: ['h'], version: ['v', 'V'] };

/** For somebody who has typed nothing but the program's name. */
const FIRST_STEPS = [
  'sluice --help shows what there is.',
  'sluice demo shows what it does, without a database.',
];

function isUsageError(error: unknown): error is Error {
  return error instanceof UsageError || (error instanceof Error && error.name === 'YError'); // yargs' own
}

/** What a usage error says; yargs' own message for a flag without its value does not show one. */
function usageMessage({ message }: Error): string {
  const [, flag] = /^Not enough arguments following: (\S+)$/.exec(message) ?? [];
  if (flag === undefined) return message;
  const example = exampleOf(flag);
  return `--${flag} needs a value${example === undefined ? '' : `, such as ${example}`}`;
}

/** yargs can refuse what it does not know, but not say what was meant. */
function refuseUnknown(given: Arguments, command: Command): true {
  const long = [...Object.keys(command.options), ...Object.keys(SHORT)];
  const known = [...long, ...Object.values(SHORT).flat()];
  for (const [flag, value] of Object.entries(given)) {
    if (flag === '_' || flag === '$0') continue;
    const dashed = flag.length === 1 ? `-${flag}` : `--${flag}`;
    if (!known.includes(flag)) throw new UsageError(`unknown flag ${dashed}${didYouMean(flag, long, '--')}`);
    if (!Array.isArray(value) || command.repeatable?.includes(flag)) continue;
    throw new UsageError(`${dashed} is given more than once`);
  }
  const [word, extra]: string[] = Array.isArray(given._) ? given._.map(String) : [];
  if (word !== undefined && word !== command.name) {
    const suggestion = didYouMean(word, commands.map(({ name }) => name));
    throw new UsageError(`unknown command ${JSON.stringify(word)}${suggestion}`);
  }
  if (extra === undefined || command.operands !== undefined) return true;
  throw new UsageError(`expected only flags after ${command.name}, got ${JSON.stringify(extra)}`);
}

function describeProgram(program: Argv): Argv {
  return program
    .scriptName('sluice')
    .locale('en')
    .usage(
      '$0 [command] [flags]\n\n' +
        'Stands between MySQL or MariaDB clients and their server, and cuts results that are too large.',
    )
    .parserConfiguration(PARSER)
    .example('$0 --upstream db.example.com', 'cut beyond the default limits')
    .example('$0 --upstream db.example.com --mode audit --max-rows 5000', 'only record what is larger')
    .example('$0 check --config sluice.json', 'look before you start')
    .epilogue(
      'SIZE is a number of bytes or has a unit: 64KiB, 1GiB.\n' +
        'Flags override variables, variables override the file.\n' +
        `Variables: ${variables.join(', ')}.\n` +
        'The file has more settings: config.example.json shows them all, sluice help configuration explains them.',
    )
    .version(version())
    .help()
    .alias(SHORT)
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail(false);
}

/** What a command takes. Its operands are no positionals to yargs, which would drop the `-` for standard input. */
function describeCommand(flags: Argv, command: Command): Argv {
  const { name, operands, describe } = command;
  if (operands !== undefined) flags.usage(`$0 ${name} [flags] ${operands}\n\n${describe}`);
  return flags.options(command.options).check((given) => refuseUnknown(given, command));
}

async function main(args: readonly string[]): Promise<number> {
  // yargs takes a last word `help` for --help, and would never run that command without a topic.
  if (args.length === 1 && args[0] === help.name) return help.run({});
  let exitCode: number = exitCodes.ok;
  const program = describeProgram(yargs(args));
  for (const command of commands) {
    program.command(
      command.isDefault ? [command.name, '$0'] : command.name,
      command.describe,
      (flags) => describeCommand(flags, command),
      async (given) => {
        exitCode = await command.run(given);
      },
    );
  }
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof ConfigError) say([...error.problems, ...(args.length === 0 ? FIRST_STEPS : [])]);
    else if (isUsageError(error)) say([`sluice: ${usageMessage(error)}`, 'sluice --help shows what there is.']);
    else throw error;
    return exitCodes.wrongUsage;
  }
  return exitCode;
}

// A reader who has seen enough (sluice --help | head -3) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await main(process.argv.slice(2));
