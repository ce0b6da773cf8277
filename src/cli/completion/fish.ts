import { flagsWithValue, type CompletedCommand, type CompletedFlag } from './table.js';

/**
 * The script for fish: one line for each command, and for each flag of a command. Its function looks for the command
 * among the words before the cursor, and passes over the values of flags.
 */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c sluice -n 'test (__sluice_command) = ${NONE}' -a ${command.name} -d ${quoted(command.about)}`,
    ...linesOf(command),
  ]);
  return `# fish completion for sluice: sluice completion fish | source

function __sluice_command
    set -l is_value no
    set -l found ${NONE}
    for word in (commandline -opc)[2..]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case --
                echo ${PROGRAM}
                return
            case ${flagsWithValue(commands).join(' ')}
                set is_value yes
            case ${commands.map(({ name }) => name).join(' ')}
                test $found = ${NONE}; and set found $word
        end
    end
    echo $found
end

complete -c sluice -n 'not test (__sluice_command) = ${PROGRAM}' -f
${lines.join('\n')}
`;
}

/** The output of the function if there is no command yet, and after `--`. */
const NONE = 'none';
const PROGRAM = 'program';

function linesOf({ name, isDefault, flags, takesFiles, operands }: CompletedCommand): string[] {
  const names = isDefault ? `${NONE} ${name}` : name;
  const line = (rest: string): string => `complete -c sluice -n 'contains (__sluice_command) ${names}' ${rest}`;
  return [
    ...flags.map((flag) => line(`-l ${flag.name}${valueOf(flag)} -d ${quoted(flag.about)}`)),
    ...(takesFiles ? [line('-F')] : []),
    ...(operands.length > 0 ? [line(`-a ${quoted(operands.join(' '))}`)] : []),
  ];
}

function valueOf({ takesValue, takesFile, values }: CompletedFlag): string {
  if (!takesValue) return '';
  if (takesFile) return ' -r -F';
  return values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : ' -x';
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
