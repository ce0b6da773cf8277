import t from 'tap';
import { Command, commandName } from '../../src/protocol/commands.js';
import { IS_WHOLE } from '../proof/scale.js';
import type { ServerKind } from '../support/servers.js';
import { LIST } from './list.js';
import { chosenVariants, prove } from './prove.js';

// Thousands of answers, twice, at a few milliseconds each, and many times that on a busy machine.
const PATIENCE_MS = 1_800_000;

/** The whole list, each group as one assertion. All variants with `npm run proof`, else the usual ones. */
export const proveInTap = async (kind: ServerKind): Promise<void> => {
  t.setTimeout(PATIENCE_MS);
  const choice = { isUsual: !IS_WHOLE };
  const promise = `all that is said to ${kind} through the proxy is said and answered as directly, byte for byte`;
  await t.test(promise, async (t) => {
    const heard = { variants: new Set<string>(), groups: new Set<string>(), commands: new Set<number>() };
    let answers = 0;
    await prove(t, kind, choice, ({ variant, group, said, commands, differences }) => {
      heard.variants.add(variant);
      if (said > 0) heard.groups.add(group);
      for (const command of commands) heard.commands.add(command);
      answers += said;
      t.same(differences, [], `${variant}: ${group}`);
    });
    t.equal(heard.variants.size, chosenVariants(kind, choice).length, 'every variant was gone through');
    const groups = LIST.filter(({ server = kind }) => server === kind).map(({ name }) => name);
    t.same(heard.groups, new Set(groups), 'every group was said in some variant');
    const silent = Object.values(Command).filter((command) => !heard.commands.has(command)).map(commandName);
    t.same(silent, [], 'every command was said');
    t.comment(`${answers} answers compared`);
  });
};
