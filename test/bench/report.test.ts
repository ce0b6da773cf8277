import t from 'tap';
import { renderChart } from './chart.js';
import { renderGoals } from './goals.js';
import { ResultEnd } from './resultEnd.js';
import { median, type Run, type Series } from './results.js';
import { parseSysbench } from './sysbench.js';
import { firstThat, ratesFrom } from '../support/search.js';
import { renderTable } from './table.js';

const series = (competitor: string, values: number[], more: Partial<Series> = {}): Series => ({
  section: 'bulk', subject: 'synthetic server, rows of 1000 bytes', competitor, metric: 'cpuPerGb', values, ...more,
});

const run = (all: readonly Series[]): Run => ({
  date: '2024-02-29T12:00:00.000Z', isQuick: false, rounds: 3,
  machine: { cpu: 'CPU', cores: 2, memoryGiB: 8, kernel: 'Linux 6.1', load: 0.1 },
  versions: { Node: '20.19.0' }, references: { bulk: 'HAProxy' }, series: all,
  failures: [{ section: 'bulk', subject: 'start', competitor: 'nginx', reason: 'no <module>\nat all' }],
});

t.test('the median of an even number of values is the mean of the two in the middle', (t) => {
  t.equal(median([5, 1, 3]), 3);
  t.equal(median([4, 1, 3, 2]), 2.5);
  t.end();
});

t.test('the table shows medians, extremes and the median of the ratios of each round', (t) => {
  const text = renderTable(run([series('HAProxy', [1, 2, 4]), series('Sluice', [0.5, 1.2, 2])]));
  t.match(text, /^ {2}HAProxy +2\.00 \(1\.00-4\.00\) +1\.00x$/m);
  t.match(text, /^ {2}Sluice +1\.20 \(0\.500-2\.00\) +0\.50x$/m);
  t.match(text, 'bulk, start, nginx: no <module>; at all');
  t.end();
});

t.test('meets a goal only when the ratio keeps its bound', (t) => {
  const goals = (own: number): string => renderGoals(run([series('HAProxy', [1]), series('Sluice', [own])]));
  t.match(goals(0.5), /^met +CPU: 0\.500 x HAProxy, at most 0\.5 /m);
  t.match(goals(0.51), /^MISSED +CPU: 0\.510 x HAProxy, at most 0\.5 /m);
  t.end();
});

t.test('compares a way of running Sluice with another one, also under another load', (t) => {
  const place = { section: 'features: TLS', subject: 'a client that encrypts' };
  const goals = renderGoals(run([
    series('plain', [1], { ...place, subject: 'a client in the clear' }), series('TLS on both sides', [4], place),
  ]));
  t.match(goals, /^MISSED +CPU: 4\.00 x plain, at most 3\.5 \(features: TLS, a client that encrypts, TLS on both sides\)/m);
  t.end();
});

t.test('the chart has a bar for each competitor and a line for each curve, and escapes its text', (t) => {
  const curve = [1e3, 1e6]
    .map((x) => series('Sluice', [x / 1e9], { section: 'a curve', subject: `<${x}>`, metric: 'cpu', x }));
  const svg = renderChart(run([series('HAProxy', [1]), series('Sluice', [0.5], { subject: 'a & b' }), ...curve]));
  t.equal(svg.match(/<rect x="130"/g)?.length, 2);
  t.equal(svg.match(/<circle/g)?.length, 2);
  t.match(svg, 'a &#38; b');
  t.notMatch(svg, 'NaN');
  t.end();
});

t.test('takes percentiles from the histogram of sysbench', (t) => {
  const histogram = Array.from({ length: 100 }, (_, index) => `       ${(index + 1) / 10} |***   1`).join('\n');
  const report = `Latency histogram (values are in milliseconds)\n${histogram}\n
        total:                           100
    queries:                             100    (50.00 per sec.)
         avg:                                    5.05\n`;
  t.strictSame(parseSysbench(report), { queries: 100, rate: 50, meanMs: 5.05, p95Ms: 9.5, p99Ms: 9.9 });
  t.throws(() => parseSysbench('nothing'), /sysbench reported nothing like/);
  t.end();
});

t.test('finds the end of a result in chunks of one byte', (t) => {
  // Column count, a definition, EOF, a row, EOF.
  const packets = ['01000001 01', '03000002 036465', '05000003 fe00000200', '03000004 026161', '05000005 fe00000200'];
  const bytes = Buffer.from(packets.join('').replaceAll(' ', ''), 'hex');
  const end = new ResultEnd('result');
  const ends = [...bytes].map((byte) => end.feed(Uint8Array.of(byte), 1));
  t.equal(ends.indexOf(true), bytes.length - 1);
  t.equal(end.bytes, bytes.length);
  t.end();
});

t.test('finds the lowest rate that holds by bisection, and null when no rate holds', async (t) => {
  const rates = ratesFrom(100, 30);
  t.equal(rates.at(-1), 1586);
  for (const lowest of [...rates, Infinity]) {
    let tries = 0;
    const found = await firstThat(rates, (rate) => {
      tries += 1;
      return Promise.resolve(rate >= lowest);
    });
    t.equal(found, lowest === Infinity ? null : lowest);
    t.ok(tries <= 5, 'in five tries at most', { tries });
  }
});
