import { countOf } from '../../report/amounts.js';
import { FindingTable } from '../../report/findingTable.js';
import { verdictOn } from '../../report/verdict.js';
import { verdictJson } from '../../report/verdictJson.js';
import { verdictText } from '../../report/verdictText.js';
import { isEmpty, type FailPolicy } from '../../report/failPolicy.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { EXIT_CODES, say } from '../command.js';
import { type Output, writeOutputs } from '../outputs.js';
import { world } from '../../world/world.js';

/** The findings in the results of a command. */
export class Findings {
  private readonly table: FindingTable;

  constructor(private readonly policy: FailPolicy, private readonly outputs: readonly Output[]) {
    this.table = new FindingTable(policy, process.cwd());
  }

  /** Takes an audit record, with its time. */
  add(record: object): void {
    this.table.add(record);
  }

  /**
   * Reports the findings on standard error and in the outputs. It is called when the command has ended.
   * @param metrics those of the proxy
   * @returns the exit code for a command that has succeeded, once the readers of the standard streams have everything
   */
  async tell(metrics: Metrics): Promise<number> {
    const gaps = gapsIn(metrics);
    const verdict = verdictOn(this.table, this.policy, world.dateMs(), gaps);
    const text = verdictText(verdict);
    const isSilent = isEmpty(this.policy) && verdict.tolerated.length === 0;
    const shown = isSilent ? ['No result was beyond a limit', ...gaps] : [text];
    say([`sluice: ${countOf(metrics.sessions, 'session')}`, ...shown]);
    const areWritten = writeOutputs(this.outputs, verdict, { text: () => text, json: () => verdictJson(verdict) });
    await Promise.all([process.stdout, process.stderr].map(taken));
    if (!areWritten) return EXIT_CODES.failed;
    return verdict.isBroken ? EXIT_CODES.policyBroken : EXIT_CODES.ok;
  }
}

/** Sentences about the part of the command's traffic that could not be judged. */
function gapsIn({ sessions, opaqueSessions }: Metrics): string[] {
  if (sessions === 0) {
    return ['No client came to the proxy: let the command connect to SLUICE_HOST and SLUICE_PORT, or use --rewrite'];
  }
  const unfollowed = [...opaqueSessions.all()].reduce((sum, { count }) => sum + count, 0);
  return unfollowed === 0 ? [] : [`Not followed, so not judged: ${countOf(unfollowed, 'session')}; the log says why`];
}

/** How long the reader of a pipe may take to empty it. */
const READER_TIMEOUT_MS = 5000;

/** Resolves when a stream has passed on all that was written: the end of the process would drop the rest. */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const timer = world.after(READER_TIMEOUT_MS, resolve);
    stream.write('', () => {
      world.cancel(timer);
      resolve();
    });
  });
}
