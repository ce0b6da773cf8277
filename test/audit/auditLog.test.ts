import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import t from 'tap';
import { openAuditLog } from '../../src/audit/auditLog.js';

const json = (to: string) => ({ to, format: 'json' }) as const;
const silent = pino({ level: 'silent' });

t.test('writes a record as one JSON line: its time, then only the fields that it has', async (t) => {
  const file = join(t.testdir(), 'audit.json');
  const audit = openAuditLog(json(file), silent);
  const record = { event: 'result', sql: 'select "é\n\u2028"', rows: 5, limit: { rows: null } };
  audit.write({ ...record, schema: undefined });
  audit.write({ event: 'refused' });
  t.equal((await audit.close()).lostLines, 0);
  const lines = readFileSync(file, 'utf8').split('\n');
  t.equal(lines.length, 3, 'two lines, each with its line feed');
  const [first = '', second = ''] = lines;
  t.match(first, /^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","event":"result",/);
  const { time, ...rest } = JSON.parse(first);
  t.equal(new Date(time).toISOString(), time);
  t.strictSame(rest, record);
  t.strictSame(Object.keys(JSON.parse(second)), ['time', 'event']);
});

t.test('appends to its file, which other users cannot read', async (t) => {
  const file = join(t.testdir(), 'audit.json');
  for (const event of ['first', 'second']) {
    const audit = openAuditLog(json(file), silent);
    audit.write({ event });
    await audit.close();
  }
  t.match(readFileSync(file, 'utf8'), /first.*\n.*second.*\n$/);
  t.equal(statSync(file).mode & 0o007, 0);
});

t.test('throws at once when the file cannot be opened', (t) => {
  t.throws(() => openAuditLog(json(join(t.testdir(), 'missing', 'audit.json')), silent), { code: 'ENOENT' });
  t.throws(() => openAuditLog(json(t.testdir()), silent), { code: 'EISDIR' });
  t.end();
});

t.test('throws at once when a named pipe has no reader', (t) => {
  const pipe = join(t.testdir(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  t.throws(() => openAuditLog(json(pipe), silent), { code: 'ENXIO' });
  t.end();
});

t.test('counts lost records in the log', async (t) => {
  const lines: string[] = [];
  const log = pino({}, { write: (line) => lines.push(line) });
  const audit = openAuditLog(json('/dev/full'), log);
  for (let count = 0; count < 3; count++) audit.write({ event: 'result' });
  t.equal((await audit.close()).lostLines, 3);
  const said = lines.map((line) => JSON.parse(line));
  t.match(said, [
    { level: 50, to: '/dev/full', code: 'ENOSPC', msg: /^audit: cannot write/ },
    { level: 50, to: '/dev/full', droppedRecords: 3, msg: /^audit: records were dropped/ },
  ]);
});

t.test('counts and logs the records that an earlier target did not take', async (t) => {
  const folder = t.testdir();
  const [pipe, file] = [join(folder, 'pipe'), join(folder, 'audit.json')];
  execFileSync('mkfifo', [pipe]);
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  const lines: string[] = [];
  const audit = openAuditLog(json(pipe), pino({}, { write: (line) => lines.push(line) }));
  closeSync(reader);
  for (let count = 0; count < 3; count++) audit.write({ event: 'result' });
  audit.reopen(json(file));
  audit.write({ event: 'result' });
  await audit.close();
  t.equal(audit.droppedRecords, 3);
  t.match(lines.map((line) => JSON.parse(line)).at(-1), { to: pipe, droppedRecords: 3 });
  t.equal(readFileSync(file, 'utf8').split('\n').length, 2);
});
