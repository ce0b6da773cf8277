import { adviceOn } from '../config/advice.js';
import { printConfig } from '../config/load.js';
import type { Config } from '../config/config.js';
import { EXIT_CODES, say, type Arguments, type Command, UsageError } from './command.js';
import { formatDuration } from '../config/schema/units.js';
import { counted } from '../text/counted.js';
import { targetsOf } from '../telemetry/otlp/targets.js';
import { findingLine } from './connect/finding.js';
import { lookAround } from './connect/lookAround.js';
import { explain } from './explain.js';
import { configFrom, configOptions, describeFlag } from './flags.js';
import { askerFrom } from './subject.js';
import { world } from '../world/world.js';

// The command `check`: it checks and prints a configuration, or explains which rule applies to a statement.

const GROUP = 'Instead of printing, say which rule would hold, and why:';

/** The explanation that --as and --sql ask for; null without these flags. */
function explanation(config: Config, { as, sql }: Arguments): string[] | null {
  if (as === undefined && sql === undefined) return null;
  if (typeof as !== 'string') throw new UsageError(['--sql: needs --as, such as --as user=app,schema=shop']);
  if (typeof sql !== 'string') throw new UsageError(['--as: needs --sql, such as --sql "SELECT 1"']);
  return explain(config, { ...askerFrom(as), sql, nowMs: world.dateMs() });
}

/** The exported signals and their destinations. */
function exported({ telemetry: { otlp } }: Config): string[] {
  if (otlp === null) return [];
  const every = `every ${formatDuration(otlp.intervalMs)}`;
  return [...targetsOf(otlp)].map(([signal, url]) =>
    `Exported: ${signal} ${signal === 'metrics' ? every : 'as they come'}, to ${url}`);
}

/**
 * Prints the effective configuration on standard output, or its mistakes on standard error. With --as and --sql it
 * explains which rule applies to a statement.
 */
export const check: Command = {
  name: 'check',
  describe: 'say whether a configuration is good, and print it as it will be used',
  options: {
    ...configOptions,
    as: {
      describe: describeFlag('CLIENT', 'for this client: user=,schema=,client=,program=,attributes.NAME=,tags.NAME='),
      requiresArg: true,
      group: GROUP,
    },
    sql: { describe: describeFlag('TEXT', 'and this statement'), requiresArg: true, group: GROUP },
    connect: {
      describe: describeFlag('', 'try servers, the account that kills, addresses, the audit file and certificates'),
      type: 'boolean', group: 'Instead of printing, look around:',
    },
  },
  async run(given) {
    const { config, notices, figures } = configFrom(given);
    const answer = explanation(config, given);
    const looks = given['connect'] === true;
    if (looks && answer !== null) throw new UsageError(['--connect: leave --as and --sql out']);
    const findings = looks ? await lookAround(config, world.dateMs()) : [];
    const lines = looks ? findings.map(findingLine) : answer ?? [printConfig(config)];
    process.stdout.write(`${lines.join('\n')}\n`);
    say([...figures, ...[...notices, ...adviceOn(config)].map((advice) => `warning: ${advice}`)]);
    if (answer === null) say(['The configuration is good.', ...exported(config)]);
    const failed = findings.filter(({ state }) => state === 'FAILED').length;
    if (failed === 0) return EXIT_CODES.ok;
    say([`${counted(failed, 'thing')} that it needs failed.`]);
    return EXIT_CODES.failed;
  },
};
