import type { Options } from 'yargs';
import { isEmpty } from '../report/failPolicy.js';
import { FindingTable } from '../report/findingTable.js';
import { reportJson } from '../report/json.js';
import { Ledger } from '../report/ledger.js';
import { refusedExecution } from '../report/reading.js';
import { Survey } from '../report/survey.js';
import { reportText } from '../report/text.js';
import { verdictOn } from '../report/verdict.js';
import { verdictJson } from '../report/verdictJson.js';
import { verdictText } from '../report/verdictText.js';
import { ORDERS, type Order } from '../statistics/execution.js';
import { groupByOption, groupingFrom } from './grouping.js';
import { filesFrom, numberFrom, readFiles, selectionFrom, selectionOptions } from './auditFiles.js';
import { type Arguments, type Command, EXIT_CODES, UsageError } from './command.js';
import { configOptions, describeFlag } from './flags.js';
import { formatOption, outputsFrom, writeOutputs } from './outputs.js';
import { policyFrom, policyOptions, POLICY_GROUP, REPEATABLE_POLICY_FLAGS } from './policyFlags.js';
import { world } from '../world/world.js';

/** More digests than applications have. Each takes a few KiB, so they fit into a small machine. */
const DIGESTS_KEPT = 5000;
const DIGESTS_SHOWN = 10;

function orderFrom({ order }: Arguments): Order {
  const found = order === undefined ? 'bytes' : ORDERS.find((known) => known === order);
  if (found !== undefined) return found;
  throw new UsageError([`--order: expected one of ${ORDERS.join(', ')}, got ${JSON.stringify(order)}`]);
}

/** A flag that is a limit elsewhere, and here a part of the policy. */
function maximum(name: 'max-rows' | 'max-bytes', about: string): Options {
  const { describe: _describe, defaultDescription: _default, ...option } = configOptions[name]!;
  return { ...option, describe: describeFlag(name === 'max-rows' ? 'N' : 'SIZE', about), group: POLICY_GROUP };
}

/** Lines after a report, of which every line except the examples begins with `#`. */
function commented(text: string): string {
  return text.split('\n').map((line) => `# ${line}`.trimEnd()).join('\n');
}

/** The command `report`: it finds in audit files which statements have large results, and whose they are. */
export const report: Command = {
  name: 'report',
  describe: 'say which statements have large results, from audit files',
  operands: 'FILE...',
  repeatable: ['format', ...REPEATABLE_POLICY_FLAGS],
  options: {
    order: {
      describe: describeFlag('ORDER', `what to rank by: ${ORDERS.join(', ')}`),
      defaultDescription: 'bytes',
      requiresArg: true,
      values: ORDERS,
    },
    'group-by': groupByOption,
    limit: {
      describe: describeFlag('N', 'how many of them to show'),
      defaultDescription: String(DIGESTS_SHOWN),
      requiresArg: true,
    },
    format: formatOption,
    json: { describe: describeFlag('', 'the same as --format json'), type: 'boolean' },
    ...selectionOptions,
    ...policyOptions,
    'max-rows': maximum('max-rows', 'on results of more rows, unless they are read as streams'),
    'max-bytes': maximum('max-bytes', 'on results of more bytes, unless they are read as streams'),
  },
  async run(given) {
    const ledger = new Ledger(orderFrom(given), DIGESTS_KEPT, groupingFrom(given));
    const limit = numberFrom(given, 'limit', DIGESTS_SHOWN);
    const outputs = outputsFrom(given);
    const policy = policyFrom(given, 'judged');
    const table = new FindingTable(policy, process.cwd());
    // The report itself has no use for findings.
    const needsFindings = !isEmpty(policy) || outputs.some(({ format }) => format !== 'text' && format !== 'json');
    const survey = new Survey(
      selectionFrom(given),
      (record) => {
        ledger.add(record);
        if (needsFindings) table.addResult(record);
      },
      (record) => {
        ledger.add(refusedExecution(record));
        table.addRefusal(record);
      },
    );
    const isWhole = await readFiles(filesFrom(given), survey);
    const hasRecords = survey.results > 0 || table.refusals > 0;
    const verdict = verdictOn(table, policy, world.dateMs(), hasRecords ? [] : ['No record of a statement was read']);
    const areWritten = writeOutputs(outputs, verdict, {
      text: () => [
        reportText(survey, ledger, limit), ...(isEmpty(policy) ? [] : [commented(verdictText(verdict))]),
      ].join('\n'),
      json: () => ({
        ...reportJson(survey, ledger, limit), ...(isEmpty(policy) ? {} : { verdict: verdictJson(verdict) }),
      }),
    });
    if (!isWhole || !areWritten) return EXIT_CODES.failed;
    return verdict.isBroken ? EXIT_CODES.policyBroken : EXIT_CODES.ok;
  },
};
