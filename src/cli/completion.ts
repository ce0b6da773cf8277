import { bashScript } from './completion/bash.js';
import { fishScript } from './completion/fish.js';
import { completedCommand, type CompletedCommand } from './completion/table.js';
import { zshScript } from './completion/zsh.js';
import { type Command, didYouMean, EXIT_CODES, refused } from './command.js';

/**
 * The command `completion`: it prints a script with which a shell completes commands, flags and their values.
 * @param commands loads all commands of the program, this one too
 */
export function completion(commands: () => Promise<readonly Command[]>): Command {
  return {
    name: 'completion',
    describe: `print a script that completes commands and flags in a shell: ${SHELLS.join(', ')}`,
    operands: 'SHELL',
    operandValues: SHELLS,
    options: {},
    async run({ _: words }) {
      const [shell, extra]: string[] = Array.isArray(words) ? words.slice(1).map(String) : [];
      if (extra !== undefined) throw refused(`expected one shell, got ${JSON.stringify(extra)} as well`);
      const script = SCRIPTS[shell ?? ''];
      if (script === undefined) {
        const found = shell === undefined ? '' : `, got ${JSON.stringify(shell)}${didYouMean(shell, SHELLS)}`;
        throw refused(`completion: expected a shell (${SHELLS.join(', ')})${found}`);
      }
      process.stdout.write(script((await commands()).map(completedCommand)));
      return EXIT_CODES.ok;
    },
  };
}

/** The script of each shell, which completes the commands of a table. */
const SCRIPTS: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashScript, zsh: zshScript, fish: fishScript,
};
const SHELLS = Object.keys(SCRIPTS);
