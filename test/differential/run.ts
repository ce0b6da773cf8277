import { parseArgs } from 'node:util';
import { SERVER_KINDS } from '../support/servers.js';
import { prove } from './prove.js';

// Says the list to real servers, directly and through the built proxy, and prints what differs:
//   npm run differential -- [--server mariadb|mysql] [--filter TEXT] [--variant TEXT]

const { values } = parseArgs({
  options: { server: { type: 'string' }, filter: { type: 'string' }, variant: { type: 'string' } },
});

/** One difference often causes others, so only the first ones are printed. */
const SHOWN = 5;

const teardowns: (() => unknown)[] = [];
let said = 0;
let different = 0;
try {
  for (const kind of SERVER_KINDS.filter((name) => values.server === undefined || name === values.server)) {
    const life = { teardown: (end: () => unknown) => teardowns.push(end) };
    await prove(life, kind, values, ({ variant, group, said: count, differences }) => {
      said += count;
      different += differences.length;
      console.log(`${differences.length === 0 ? 'same     ' : 'DIFFERENT'} ${kind}, ${variant}: ${group} (${count})`);
      for (const difference of differences.slice(0, SHOWN)) console.log(`    ${difference}`);
      if (differences.length > SHOWN) console.log(`    and ${differences.length - SHOWN} more`);
    });
  }
} finally {
  for (const end of teardowns.reverse()) await end();
}
console.log(`${said} answers compared, ${different} differences`);
process.exitCode = said > 0 && different === 0 ? 0 : 1;
