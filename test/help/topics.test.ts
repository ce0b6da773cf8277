import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { TOPICS } from '../../src/cli/help.js';
import { sluice } from '../cli/program.js';
import { auditRecord } from '../support/auditRecords.js';
import { COMMAND, DOCUMENTS, madeAnew, pathOf } from './generated.js';
import { shopAudit } from './shopAudit.js';

const FOLDER = new URL('../../src/help/', import.meta.url);
const MAX_COLUMNS = 80;

const texts = new Map(readdirSync(FOLDER).map((name): [string, string] =>
  [name, readFileSync(new URL(name, FOLDER), 'utf8')]));

t.test('each topic has its own file, which begins with its name', (t) => {
  t.strictSame([...texts.keys()].sort(), TOPICS.map((topic) => `${topic}.md`).sort());
  for (const [name, text] of texts) {
    const topic = name.replace('.md', '');
    t.match(text, new RegExp(`^# ${topic.charAt(0).toUpperCase()}${topic.slice(1)}: .+\n\n`), name);
  }
  t.end();
});

t.test('a topic can be read in 80 columns', (t) => {
  const wide = [...texts].flatMap(([name, text]) => text.split('\n').flatMap((line, index) =>
    (line.length > MAX_COLUMNS ? [`${name}:${index + 1}: ${line.length} columns`] : [])));
  t.strictSame(wide, []);
  t.end();
});

t.test('tables and outputs in the documents equal those of the code', (t) => {
  for (const document of DOCUMENTS) {
    t.equal(readFileSync(pathOf(document), 'utf8'), madeAnew(document), `${document}: write it anew with ${COMMAND}`);
  }
  t.end();
});

t.test('every field of a record is described', (t) => {
  const described = new Set([...texts.get('records.md')!.matchAll(/^- ((?:`\w+`(?:, )?)+)/gm)]
    .flatMap(([, names = '']) => [...names.matchAll(/\w+/g)].map(([name]) => name)));
  const source = readFileSync(new URL('../../src/audit/record.ts', import.meta.url), 'utf8');
  // Optional fields are spread into the record.
  const atTimes = [...source.matchAll(/\? \{\} : \{ (\w+):|\? \{ (\w+)[ :]/g)]
    .map(([, one, other]) => (one ?? other)!);
  t.ok(atTimes.length > 5, 'there are some that are there only at times');
  const fields = [
    ...Object.keys(auditRecord()), ...atTimes, 'serverGaveUp', 'params', 'paramsTruncated', 'standsFor', 'droppedSamples',
  ];
  t.strictSame(fields.filter((field) => !described.has(field)), []);
  t.end();
});

t.test('the program understands the commands of the topics', async (t) => {
  const folder = t.testdir({ 'audit.json': shopAudit(), 'sluice.json': '{ "upstream": "db.example.com" }' });
  const commands = [...texts.values()].flatMap((text) =>
    [...text.matchAll(/^ {4}sluice ((?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command.replaceAll(/\\\n +/g, '')));
  t.ok(commands.length > 4, 'there are some');
  for (const command of commands) {
    const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => (quoted ?? word)!);
    const args = words.map((word) => (word.endsWith('.json') ? join(folder, word) : word));
    // Commands that would run the proxy are only checked.
    const { code, stderr } = await sluice(command.startsWith('--') ? ['check', ...args] : args);
    t.equal(code, 0, `${command}: ${stderr}`);
  }
});
