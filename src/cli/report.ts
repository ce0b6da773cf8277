import { reportJson } from '../report/json.js';
import { Ledger } from '../report/ledger.js';
import { Survey } from '../report/survey.js';
import { reportText } from '../report/text.js';
import { ORDERS, type Order } from '../statistics/execution.js';
import { groupByOption, groupingFrom } from './grouping.js';
import { filesFrom, numberFrom, readFiles, selectionFrom, selectionOptions } from './auditFiles.js';
import { type Arguments, type Command, EXIT_CODES, UsageError } from './command.js';
import { describeFlag } from './flags.js';

/** More digests than applications have. Each takes a few KiB, so they fit into a small machine. */
const DIGESTS_KEPT = 5000;
const DIGESTS_SHOWN = 10;

function orderFrom({ order }: Arguments): Order {
  const found = order === undefined ? 'bytes' : ORDERS.find((known) => known === order);
  if (found !== undefined) return found;
  throw new UsageError([`--order: expected one of ${ORDERS.join(', ')}, got ${JSON.stringify(order)}`]);
}

/** The command `report`: it tells from audit files which statements have large results, and whose they are. */
export const report: Command = {
  name: 'report',
  describe: 'say which statements have large results, from audit files',
  operands: 'FILE...',
  options: {
    order: {
      describe: describeFlag('ORDER', `what to rank by: ${ORDERS.join(', ')}`),
      defaultDescription: 'bytes',
      requiresArg: true,
    },
    'group-by': groupByOption,
    limit: {
      describe: describeFlag('N', 'how many of them to show'),
      defaultDescription: String(DIGESTS_SHOWN),
      requiresArg: true,
    },
    json: { describe: describeFlag('', 'for machines'), type: 'boolean' },
    ...selectionOptions,
  },
  async run(given) {
    const ledger = new Ledger(orderFrom(given), DIGESTS_KEPT, groupingFrom(given));
    const limit = numberFrom(given, 'limit', DIGESTS_SHOWN);
    const survey = new Survey(selectionFrom(given), (record) => ledger.add(record));
    const isWhole = await readFiles(filesFrom(given), survey);
    const text = given['json'] === true
      ? JSON.stringify(reportJson(survey, ledger, limit), null, 2)
      : reportText(survey, ledger, limit);
    process.stdout.write(`${text}\n`);
    return isWhole ? EXIT_CODES.ok : EXIT_CODES.failed;
  },
};
