import t from 'tap';
import { huntAll, isFound, MAX_NOT_FOUND, tableOf } from '../simulation/mutationTable.js';
import { MUTATIONS } from '../simulation/mutations.js';
import { IS_WHOLE, SCALE } from './scale.js';

/** Twenty times 4,096 worlds at most. */
const PATIENCE_MS = 4 * 3600 * 1000;
/** Small, with a fault that the first worlds find. */
const EASY = 'error sent twice';

if (IS_WHOLE) t.setTimeout(PATIENCE_MS);
const { mutationSeeds: seeds } = SCALE;
await t.test(`the simulation finds faults that are put into Sluice, within ${seeds} worlds`, async (t) => {
  const mutations = MUTATIONS.filter(({ name }) => IS_WHOLE || name === EASY);
  const hunted = await huntAll(t, { mutations, seed: 1, seeds, jobs: 2 });
  t.comment(tableOf(hunted, 1));
  const missed = hunted.filter((one) => !isFound(one)).map(({ mutation: { name } }) => name);
  t.ok(missed.length <= (IS_WHOLE ? MAX_NOT_FOUND : 0), `not found: ${missed.join(', ') || 'none'}`);
});
