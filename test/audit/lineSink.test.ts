import { createHook } from 'node:async_hooks';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { LineSink, type SinkReport } from '../../src/audit/lineSink.js';

const patienceMs = 60_000;

/** Keeps the reports of a sink, and lets a test wait for one. */
class Reports implements SinkReport {
  readonly said: string[] = [];
  private onReport = () => {};

  failed({ code }: NodeJS.ErrnoException) { this.add(`failed ${code}`); }
  dropping() { this.add('dropping'); }
  recovered(lines: number) { this.add(`recovered ${lines}`); }

  async until(report: string): Promise<void> {
    while (!this.said.includes(report)) await new Promise<void>((resolve) => { this.onReport = resolve; });
  }

  private add(report: string) {
    this.said.push(report);
    this.onReport();
  }
}

/** A named pipe with both ends open. It fills when nobody reads; a write then fails with EAGAIN, or hangs. */
function pipe(t: Test, { blocking = false } = {}) {
  const path = join(t.testdir(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | (blocking ? 0 : constants.O_NONBLOCK));
  const closeReader = () => closeSync(reader);
  return { reader, writer, path, closeReader };
}

/** Reads everything that is in a pipe now. */
function readAvailable(descriptor: number): string {
  const chunks: string[] = [];
  const buffer = Buffer.alloc(65_536);
  for (;;) {
    try {
      const length = readSync(descriptor, buffer);
      if (length === 0) return chunks.join('');
      chunks.push(buffer.toString('latin1', 0, length));
    } catch {
      return chunks.join(''); // EAGAIN: empty for now
    }
  }
}

const line = (number: number) => `${number} ${'x'.repeat(1000)}\n`;

t.test('writes whole lines in order, and all of them before close resolves', async (t) => {
  const file = join(t.testdir(), 'out');
  const reports = new Reports();
  const sink = new LineSink(openSync(file, 'a'), 1024 ** 2, reports);
  const lines = Array.from({ length: 500 }, (_, number) => line(number));
  for (const each of lines) sink.write(each);
  t.same(await sink.close(patienceMs), { lostLines: 0, hangs: false });
  t.equal(readFileSync(file, 'utf8'), lines.join(''));
  t.same(reports.said, []);
});

t.test('writes the lines of one turn of the event loop with one call', async (t) => {
  let calls = 0;
  const hook = createHook({ init: (_id, type) => { if (type === 'FSREQCALLBACK') calls += 1; } });
  const file = join(t.testdir(), 'out');
  const sink = new LineSink(openSync(file, 'a'), 1024 ** 2, new Reports());
  hook.enable();
  for (let number = 0; number < 20; number += 1) sink.write(line(number));
  await sink.close(patienceMs);
  hook.disable();
  t.equal(calls, 2, 'a write, and the closing of the file');
  t.equal(readFileSync(file, 'utf8').split('\n').length, 21);
});

t.test('appends to the file, and counts letters beyond ASCII by their bytes', async (t) => {
  const file = join(t.testdir({ out: 'before\n' }), 'out');
  const reports = new Reports();
  const sink = new LineSink(openSync(file, 'a'), 10, reports);
  sink.write('éééé\n'); // 9 bytes
  sink.write('x\n');
  t.same(reports.said, ['dropping']);
  t.same(await sink.close(patienceMs), { lostLines: 0, hangs: false });
  t.same(reports.said, ['dropping', 'recovered 1']);
  t.equal(readFileSync(file, 'utf8'), 'before\néééé\n');
});

t.test('drops and counts only lines beyond the bound when the reader stops', async (t) => {
  const { reader, writer, closeReader } = pipe(t);
  const reports = new Reports();
  const sink = new LineSink(writer, 200_000, reports);
  const offered = 1000;
  for (let number = 0; number < offered; number++) sink.write(line(number));
  t.same(reports.said, ['dropping']);
  let read = '';
  let recovered: string | undefined;
  while (recovered === undefined) {
    read += readAvailable(reader);
    recovered = reports.said.find((report) => report.startsWith('recovered'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  read += readAvailable(reader);
  const lines = read.split('\n').slice(0, -1);
  const firstOnes = Array.from({ length: lines.length }, (_, number) => line(number).trimEnd());
  t.same(lines, firstOnes, 'the first ones, in order');
  t.equal(recovered, `recovered ${offered - lines.length}`, 'and every other one is in the count');
  sink.write('again\n');
  t.same(await sink.close(patienceMs), { lostLines: 0, hangs: false });
  t.equal(readAvailable(reader), 'again\n');
  closeReader();
});

t.test('close gives up after its time, and returns the number of lost lines', async (t) => {
  const { writer, closeReader } = pipe(t);
  const sink = new LineSink(writer, 200_000, new Reports());
  for (let number = 0; number < 150; number++) sink.write(line(number));
  const { lostLines, hangs } = await sink.close(2000);
  t.ok(lostLines > 0 && lostLines <= 150, `${lostLines} lost`);
  t.equal(hangs, false, 'a non-blocking pipe never hangs');
  closeReader();
});

t.test('close says that a write hangs when the kernel keeps it', async (t) => {
  const { reader, writer, closeReader } = pipe(t, { blocking: true });
  const sink = new LineSink(writer, 1024 ** 2, new Reports());
  for (let number = 0; number < 500; number++) sink.write(line(number));
  const { lostLines, hangs } = await sink.close(500);
  t.ok(lostLines > 0);
  t.equal(hangs, true);
  // Ends the hanging write. The test process could not end otherwise.
  const letGo = setInterval(() => readAvailable(reader), 10);
  t.teardown(() => {
    clearInterval(letGo);
    closeReader();
  });
});

t.test('close says that no write hangs when the write was merely late', async (t) => {
  const sink = new LineSink(openSync('/dev/null', 'w'), 1024, new Reports());
  sink.write('1\n');
  const closed = sink.close(1);
  // The time has passed and the write has ended before the event loop looks for either.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  t.same(await closed, { lostLines: 0, hangs: false });
});

t.test('drops and counts every further line when the reader is gone', async (t) => {
  const { writer, closeReader } = pipe(t);
  const reports = new Reports();
  const sink = new LineSink(writer, 1024 ** 2, reports);
  closeReader();
  sink.write('1\n');
  sink.write('2\n');
  await reports.until('failed EPIPE');
  sink.write('3\n');
  t.same(await sink.close(patienceMs), { lostLines: 3, hangs: false });
  t.equal(reports.said.filter((report) => report.startsWith('failed')).length, 1);
});

t.test('drops the lines that a full disk does not take after a while, and counts them then', async (t) => {
  const reports = new Reports();
  const sink = new LineSink(openSync('/dev/full', 'w'), 1024, reports, 1);
  for (const lines of [3, 4]) {
    const before = sink.droppedInAll;
    for (let n = 0; n < lines; n += 1) sink.write(`${n}\n`);
    while (sink.droppedInAll < before + lines) await new Promise(setImmediate);
  }
  t.equal(sink.droppedInAll, 7);
  t.same(reports.said, ['failed ENOSPC', 'dropping']);
  t.same(await sink.close(patienceMs), { lostLines: 7, hangs: false });
});

t.test('reports a full disk once, and tries to write again', async (t) => {
  const reports = new Reports();
  const sink = new LineSink(openSync('/dev/full', 'w'), 1024, reports);
  sink.write('1\n');
  await reports.until('failed ENOSPC');
  sink.write('2\n');
  t.same(await sink.close(500), { lostLines: 2, hangs: false });
  t.same(reports.said, ['failed ENOSPC']);
});
