import { adviceOn } from '../config/advice.js';
import { ConfigError, printConfig } from '../config/load.js';
import type { Config } from '../config/config.js';
import { exitCodes, say, type Arguments, type Command } from './command.js';
import { explain } from './explain.js';
import { configFrom, configOptions, describeFlag } from './flags.js';
import { subjectFrom } from './subject.js';

// The command that looks at a configuration without using it.

const group = 'Instead of printing, say which rule would hold, and why:';

/** What --as and --sql ask for; undefined where neither is given. */
function explanation(config: Config, { as, sql }: Arguments): string[] | undefined {
  if (as === undefined && sql === undefined) return undefined;
  if (typeof as !== 'string') throw new ConfigError(['--sql: needs --as, such as --as user=app,schema=shop']);
  if (typeof sql !== 'string') throw new ConfigError(['--as: needs --sql, such as --sql "SELECT 1"']);
  return explain(config, { subject: subjectFrom(as), sql, nowMs: Date.now() });
}

/**
 * Prints the configuration as it will be used on standard output, or what is wrong with it on standard error;
 * or, if it is asked that, which rule would hold for a statement.
 */
export const check: Command = {
  name: 'check',
  describe: 'say whether a configuration is good, and print it as it will be used',
  options: {
    ...configOptions,
    as: {
      describe: describeFlag('CLIENT', 'for this client: user=,schema=,client=,program=,attributes.NAME='),
      requiresArg: true,
      group,
    },
    sql: { describe: describeFlag('TEXT', 'and this statement'), requiresArg: true, group },
  },
  async run(given) {
    const { config, notices } = configFrom(given);
    const answer = explanation(config, given);
    process.stdout.write(`${(answer ?? [printConfig(config)]).join('\n')}\n`);
    say([...notices, ...adviceOn(config)].map((advice) => `warning: ${advice}`));
    if (!answer) say(['The configuration is good.']);
    return exitCodes.ok;
  },
};
