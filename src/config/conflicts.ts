import type { Config, Place } from './config.js';
import { isSocketFile } from './address.js';
import type { Findings } from './schema/findings.js';

function isSame(one: Place, other: Place): boolean {
  if (isSocketFile(one) || isSocketFile(other)) {
    return isSocketFile(one) && isSocketFile(other) && one.path === other.path;
  }
  return one.port === other.port && one.host.toLowerCase() === other.host.toLowerCase();
}

/** Where results are to be held back: the paths of the settings that say so; a rule may inherit it. */
function* holders({ onExceed, rules }: Config): Generator<string> {
  const path = 'onExceed.action';
  if (onExceed.action === 'hold') return yield path;
  for (const [index, rule] of rules.entries()) {
    if (rule.onExceed.action === 'hold') yield `rules[${index}].${path}`;
  }
}

/** Notes what is wrong between settings of which each is right by itself. */
export function findConflicts(config: Config, findings: Findings): void {
  if (config.upstream.some((server) => config.listen.some((listen) => isSame(listen.at, server.at)))) {
    findings.add('upstream', 'is the address that Sluice itself listens on; give the address of the server');
  }
  const { workers, audit: { sample } } = config;
  if (sample.perSecond < workers) {
    findings.add('audit.sample.perSecond', `is divided among the workers: give at least ${workers}, or fewer workers`);
  }
  if (config.budget.bytes < Infinity) return;
  for (const path of holders(config)) {
    findings.add(path, '"hold" needs a budget for what is held: give budget.bytes, such as "256MiB"');
  }
}
