import { adviceOn, printConfig } from '../config.js';
import { exitCodes, say, type Command } from './command.js';
import { configFrom, configOptions } from './flags.js';

/**
 * Prints the configuration as it will be used on standard output, or what is wrong with it on standard error.
 */
export const check: Command = {
  name: 'check',
  describe: 'say whether a configuration is good, and print it as it will be used',
  options: configOptions,
  async run(given) {
    const config = configFrom(given);
    process.stdout.write(`${printConfig(config)}\n`);
    say(adviceOn(config).map((advice) => `warning: ${advice}`));
    say(['The configuration is good.']);
    return exitCodes.ok;
  },
};
