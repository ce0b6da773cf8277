import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { CLI } from '../cli/program.js';
import { randomRecord } from '../support/auditRecords.js';
import { Random } from '../support/random.js';
import { runOk } from '../support/run.js';
import { SCALE } from './scale.js';

const MAX_GROWTH_BYTES = 48 * 1024 * 1024;
const program = (name: string) => fileURLToPath(new URL(`../support/programs/${name}`, import.meta.url));

/** The sums of both sides, over all results or those of one digest. */
interface Totals {
  readonly results: number;
  readonly rows: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly maxRow: number;
  readonly stallMs: number;
  readonly cuts: number;
  readonly wouldCuts: number;
  readonly lowerBounds: number;
}
type Sum = Record<'sum' | 'max', number>;
type ProfileJson = Pick<Totals, 'results' | 'cuts' | 'wouldCuts' | 'lowerBounds'>
  & Record<'rows' | 'bytes' | 'largestRowBytes' | 'stallMs', Sum> & { readonly digest: string };

const totalsOf = (
  { results, cuts, wouldCuts, lowerBounds, rows, bytes, largestRowBytes, stallMs }: ProfileJson,
): Totals => ({
  results, cuts, wouldCuts, lowerBounds, rows: rows.sum, bytes: bytes.sum, maxBytes: bytes.max,
  maxRow: largestRowBytes.max, stallMs: stallMs.sum,
});

const folder = mkdtempSync(join(tmpdir(), 'sluice-report-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Writes an audit file of this many records. */
const writeRecords = async (name: string, records: number): Promise<string> => {
  const file = join(folder, name);
  const output = createWriteStream(file);
  const random = new Random(8);
  for (let i = 0; i < records;) {
    let lines = '';
    for (const end = Math.min(records, i + 1000); i < end; i += 1) {
      lines += `${JSON.stringify(randomRecord(random, i))}\n`;
    }
    if (!output.write(lines)) await once(output, 'drain');
  }
  output.end();
  await once(output, 'close');
  return file;
};

/** Reports on a file. Returns the report and its memory. */
const reportOn = async (file: string) => {
  const output = join(folder, 'report.json');
  const command = [process.execPath, CLI, 'report', '--json', '--limit', '1000', file];
  const peak = Number(await runOk('/usr/bin/python3', [program('peak.py'), output, ...command]));
  return { peak, report: JSON.parse(readFileSync(output, 'utf8')) };
};

await t.test(`a report on ${SCALE.auditRecords} records`, async (t) => {
  const small = await reportOn(await writeRecords('small.json', SCALE.auditRecords / 10));
  const file = await writeRecords('audit.json', SCALE.auditRecords);
  const { peak, report } = await reportOn(file);

  await t.test('adds up to an independent count, in total and for each digest', async (t) => {
    const found = JSON.parse(await runOk('/usr/bin/python3', [program('audit_totals.py'), file])) as
      { overall: Totals; digests: Record<string, Totals> };
    t.strictSame(totalsOf(report.overall), found.overall);
    t.equal(found.overall.results, SCALE.auditRecords);
    const digests = report.digests as readonly ProfileJson[];
    t.ok(digests.length > 200);
    t.strictSame(Object.fromEntries(digests.map((one) => [one.digest, totalsOf(one)])), found.digests);
  });

  await t.test('takes no more memory than one on a tenth of the records', (t) => {
    const mebibytes = (bytes: number): string => (bytes / 1048576).toFixed(0);
    const growth = peak - small.peak;
    t.comment(`${mebibytes(statSync(file).size)} MiB: ${mebibytes(peak)} MiB; a tenth: ${mebibytes(small.peak)} MiB`);
    t.ok(growth < MAX_GROWTH_BYTES, `${mebibytes(growth)} MiB more`);
    t.end();
  });
});
