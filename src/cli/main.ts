import yargs, { type Argv } from 'yargs';
import { type Arguments, type Command, didYouMean, EXIT_CODES, refused, say, UsageError, version } from './command.js';
import { COMMAND_NAMES, commandsFor } from './commands.js';
import { errorText } from '../text/errorText.js';
import { exampleOf, PARSER } from './flags.js';
import { ConfigError } from '../config/load.js';
import { VARIABLES } from '../config/variables.js';

// The command line: all commands with their flags, and the messages about mistakes in them.

/** The short names of the flags that every command has. */
const SHORT = { help: ['h'], version: ['v', 'V'] };

/** Hints for a user who has typed only the program's name. */
const FIRST_STEPS = [
  'sluice --help shows all commands and flags.',
  'sluice demo shows what it does, without a database.',
];

/** An error of yargs in our words: its message for a flag without a value shows no example. */
function fromYargs({ message }: Error): UsageError {
  const [, flag] = /^Not enough arguments following: (\S+)$/.exec(message) ?? [];
  if (flag === undefined) return refused(message);
  const example = exampleOf(flag);
  return refused(`--${flag} needs a value${example === null ? '' : `, such as ${example}`}`);
}

/** @returns the lines that explain the user's mistake; null if the error is not the user's mistake */
function mistakesIn(error: unknown): readonly string[] | null {
  if (error instanceof ConfigError || error instanceof UsageError) return error.problems;
  return error instanceof Error && error.name === 'YError' ? fromYargs(error).problems : null;
}

/** Refuses unknown flags and words, with a suggestion. yargs can refuse them, but makes no suggestion. */
function refuseUnknown(given: Arguments, command: Command): true {
  const long = [...Object.keys(command.options), ...Object.keys(SHORT)];
  const known = [...long, ...Object.values(SHORT).flat()];
  for (const [flag, value] of Object.entries(given)) {
    if (flag === '_' || flag === '--' || flag === '$0') continue;
    const dashed = flag.length === 1 ? `-${flag}` : `--${flag}`;
    if (!known.includes(flag)) throw refused(`unknown flag ${dashed}${didYouMean(flag, long, '--')}`);
    if (!Array.isArray(value) || command.repeatable?.includes(flag)) continue;
    throw refused(`${dashed} is given more than once`);
  }
  const [word, extra]: string[] = Array.isArray(given._) ? given._.map(String) : [];
  if (word !== undefined && word !== command.name) {
    const suggestion = didYouMean(word, COMMAND_NAMES);
    throw refused(`unknown command ${JSON.stringify(word)}${suggestion}`);
  }
  if (extra === undefined || (command.operands !== undefined && command.takesCommand !== true)) return true;
  const remedy = command.takesCommand === true ? ': put -- before the command' : '';
  throw refused(`expected only flags after ${command.name}, got ${JSON.stringify(extra)}${remedy}`);
}

/** The flags and words for a command. Where no command line of its own can stand after `--`, there are operands. */
function forCommand(given: Arguments, { takesCommand }: Command): Arguments {
  const { '--': afterDashes, ...rest } = given;
  if (takesCommand === true || !Array.isArray(afterDashes)) return given;
  return { ...rest, _: [...(Array.isArray(given['_']) ? given['_'] : []), ...afterDashes] };
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
    .example('$0 --upstream db.example.com', 'cut results beyond the default limits')
    .example('$0 --upstream db.example.com --mode audit --max-rows 5000', 'only record larger results')
    .example('$0 check --config sluice.json', 'check a configuration before the start')
    .epilogue(
      'SIZE is a number of bytes or has a unit: 64KiB, 1GiB.\n' +
        'Flags override variables, variables override the file.\n' +
        `Variables: ${VARIABLES.join(', ')}.\n` +
        'The file has more settings: config.example.json shows them all, sluice help configuration explains them.',
    )
    .version(version())
    .help()
    .alias(SHORT)
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail(false);
}

/**
 * Tells yargs a command's flags. Its operands are not positionals for yargs, which would drop the `-` that stands for
 * standard input.
 */
function describeCommand(flags: Argv, command: Command): Argv {
  const { name, operands, describe } = command;
  if (operands !== undefined) flags.usage(`$0 ${name} [flags] ${operands}\n\n${describe}`);
  return flags.options(command.options).check((given) => refuseUnknown(forCommand(given, command), command));
}

const HELP = 'help';

async function main(args: readonly string[]): Promise<number> {
  // yargs treats a last word `help` as --help, and would not run the command without a topic.
  const commands = await commandsFor(args);
  if (args.length === 1 && args[0] === HELP) return commands[0]!.run({});
  let exitCode: number = EXIT_CODES.ok;
  const program = describeProgram(yargs(args));
  for (const command of commands) {
    program.command(
      command.isDefault ? [command.name, '$0'] : command.name,
      command.describe,
      (flags) => describeCommand(flags, command),
      async (given) => {
        exitCode = await command.run(forCommand(given, command));
      },
    );
  }
  try {
    await program.parseAsync();
  } catch (error) {
    const mistakes = mistakesIn(error);
    if (mistakes === null) throw error;
    say([...mistakes, ...(args.length === 0 ? FIRST_STEPS : [])]);
    return EXIT_CODES.wrongUsage;
  }
  return exitCode;
}

// A reader that closes the pipe early (sluice --help | head -3) is no error. Other errors, such as a full disk, are
// said once: each further write may meet them again, and so may the message itself.
let isOutputLost = false;
for (const [stream, name] of [[process.stdout, 'standard output'], [process.stderr, 'standard error']] as const) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || isOutputLost) return;
    isOutputLost = true;
    process.once('exit', (code) => {
      if (code === EXIT_CODES.ok || code === EXIT_CODES.policyBroken) process.exitCode = EXIT_CODES.failed;
    });
    say([`sluice: cannot write ${name}: ${errorText(error)}`]);
  });
}

process.exitCode = await main(process.argv.slice(2));
