import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { github } from '../../src/report/github.js';
import { junit } from '../../src/report/junit.js';
import { markdown } from '../../src/report/markdown.js';
import { sarif } from '../../src/report/sarif.js';
import type { Verdict } from '../../src/report/verdict.js';
import { verdictJson } from '../../src/report/verdictJson.js';
import { verdictText } from '../../src/report/verdictText.js';
import { auditRecord } from '../support/auditRecords.js';
import { isMissing, runPython } from '../support/drivers.js';
import { judge, refusal, sample } from './findings.js';

const PYTHON = { language: 'python' } as const;
const SCHEMAS = fileURLToPath(new URL('../fixtures/schemas/', import.meta.url));

const FAIL_ON = { failOn: new Set(['would-cut'] as const) };

/** One digest that breaks the policy, one that was refused, and one with which all is well. */
const VERDICT = judge(FAIL_ON, [
  auditRecord({ tags: { route: '/orders', test: 'lists orders', source_location: 'app/orders.rb:12' }, rule: 'web' }),
  refusal({ digest: 'bbbbbbbbbbbbbbbb', digestText: 'DELETE FROM `t`', program: null }),
  sample({ digest: 'cccccccccccccccc', digestText: 'SELECT ?', durationMs: 1500 }),
]);

/** Text that means something in one of the formats, or that a terminal, XML or a log must not get. */
const HOSTILE =
  '\n::error file=x::y%0A%\r<b>&"\'`|](x)[!#*_~@\\\u0000\u001b[31m\u0085\u202e\ufffe\ud800 ]]> -->$(id)www.x.org';

/** Findings whose every text is hostile. */
const hostile = (count = 1): Verdict => judge(FAIL_ON, Array.from({ length: count }, (_, index) => auditRecord({
  digest: `${index}${HOSTILE}`, digestText: `SELECT ${HOSTILE}`.repeat(200), user: HOSTILE, program: HOSTILE,
  rule: HOSTILE, sql: HOSTILE.repeat(1000),
  tags: { route: HOSTILE, test: HOSTILE, file: `a%,:b${HOSTILE}.rb:1`, source_location: 'a%,<&>"x.rb:12' },
})));

t.test('as text a verdict names what breaks the policy, and what else was found', (t) => {
  t.equal(verdictText(VERDICT), [
    'Policy broken by 1 digest: 2 executions, 1 refusal of 3 digests',
    'The policy fails on would-cut', '',
    'Breaks the policy:',
    '  b266dab9faec510d  1 result would have been cut',
    '    Largest: 2,000 rows, 62.5 KiB; Executions: 1; At: app/orders.rb:12; Test: lists orders; Route: /orders; ' +
      'User: app; Program: worker; Rule: web',
    '    Statement: SELECT * FROM `orders` WHERE `id` > ?', '',
    'Found, and no failure:',
    '  bbbbbbbbbbbbbbbb  1 statement refused', '    User: app; Rule: default', '    Statement: DELETE FROM `t`',
  ].join('\n'));
  t.end();
});

t.test('as Markdown a verdict is a table for each outcome', (t) => {
  t.equal(markdown(VERDICT), [
    '### Sluice: Policy broken by 1 digest: 2 executions, 1 refusal of 3 digests', '',
    '- The policy fails on would-cut', '',
    '#### Breaks the policy', '', '| Digest | What | Details | Statement |', '| --- | --- | --- | --- |',
    '| b266dab9faec510d | 1 result would have been cut | Largest: 2,000 rows, 62.5 KiB<br>Executions: 1' +
      '<br>At: app&#47;orders.rb&#58;12<br>Test: lists orders<br>Route: &#47;orders<br>User: app<br>Program: worker' +
      '<br>Rule: web | SELECT &#42; FROM &#96;orders&#96; WHERE &#96;id&#96; &#62; ? |', '',
    '#### Found', '', '| Digest | What | Details | Statement |', '| --- | --- | --- | --- |',
    '| bbbbbbbbbbbbbbbb | 1 statement refused | User: app<br>Rule: default | DELETE FROM &#96;t&#96; |', '',
  ].join('\n'));
  t.end();
});

t.test("as GitHub's commands a verdict has an error for each failure, at its place in the code", (t) => {
  t.equal(github(VERDICT), [
    '::error file=app/orders.rb,line=12,title=Sluice%3A b266dab9faec510d::1 result would have been cut' +
      '%0ALargest: 2,000 rows, 62.5 KiB%0AExecutions: 1%0AAt: app/orders.rb:12%0ATest: lists orders%0ARoute: /orders' +
      '%0AUser: app%0AProgram: worker%0ARule: web%0ASELECT * FROM `orders` WHERE `id` > ?',
    '::warning title=Sluice%3A bbbbbbbbbbbbbbbb::1 statement refused%0AUser: app%0ARule: default%0ADELETE FROM `t`',
    '::error title=Sluice::Policy broken by 1 digest: 2 executions, 1 refusal of 3 digests', '',
  ].join('\n'));
  t.match(github(judge(FAIL_ON, [sample()])), /^::notice title=Sluice::Policy kept: 1 execution of 1 digest\n$/);
  t.end();
});

t.test('as JUnit a verdict has a case for each digest', (t) => {
  t.equal(junit(VERDICT), [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites name="sluice" tests="3" failures="1" errors="0" time="1.512">',
    '<testsuite name="sluice" tests="3" failures="1" errors="0" skipped="0" time="1.512">',
    '<testcase name="b266dab9faec510d SELECT * FROM `orders` WHERE `id` &#62; ?" ' +
      'classname="sluice.b266dab9faec510d" time="0.013">',
    '<failure type="would-cut" message="1 result would have been cut (app/orders.rb:12)">1 result would have been cut',
    'Largest: 2,000 rows, 62.5 KiB', 'Executions: 1', 'At: app/orders.rb:12', 'Test: lists orders', 'Route: /orders',
    'User: app', 'Program: worker', 'Rule: web', 'SELECT * FROM `orders` WHERE `id` &#62; ?</failure>', '</testcase>',
    '<testcase name="bbbbbbbbbbbbbbbb DELETE FROM `t`" classname="sluice.bbbbbbbbbbbbbbbb" time="0.000">',
    '<system-out>1 statement refused', 'User: app', 'Rule: default', 'DELETE FROM `t`</system-out>', '</testcase>',
    '<testcase name="cccccccccccccccc SELECT ?" classname="sluice.cccccccccccccccc" time="1.500">', '</testcase>',
    '<system-out>Policy broken by 1 digest: 2 executions, 1 refusal of 3 digests', 'The policy fails on would-cut' +
      '</system-out>', '</testsuite>', '</testsuites>', '',
  ].join('\n'));
  t.end();
});

t.test('as JSON a verdict has all that was found', (t) => {
  t.match(verdictJson(VERDICT), {
    isBroken: true, policy: { failOn: ['would-cut'], maxRows: null, baseline: null }, executions: 2, refusals: 1,
    broken: [{
      digest: 'b266dab9faec510d', kinds: { 'would-cut': 1 }, largestRows: 2000, largestBytes: 64_000,
      position: { file: 'app/orders.rb', line: 12 }, tests: ['lists orders'], routes: ['/orders'], rules: ['web'],
      example: { time: '2026-11-20T12:00:00.000Z', sql: 'SELECT * FROM orders WHERE id > 7' },
    }],
    tolerated: [{ digest: 'bbbbbbbbbbbbbbbb', kinds: { refuse: 1 } }], passed: [{ digest: 'cccccccccccccccc' }],
  });
  t.end();
});

t.test('no text of a record ends a line, controls a terminal or begins a command in another format', (t) => {
  const verdict = hostile();
  const shown = [verdictText(verdict), markdown(verdict), github(verdict), junit(verdict)];
  for (const text of shown) t.notMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
  for (const line of github(verdict).trimEnd().split('\n')) {
    t.match(line, /^::(error|notice) (file=[^,:]+,line=\d+,)?title=[^,:]+::[^\r\n]*$/);
    t.notMatch(line, /%(?!25|0A|0D|3A|2C)/);
  }
  t.match(github(verdict), /^::error file=a%25%2C<&>"x\.rb,line=12,|^::error title=/);
  for (const line of verdictText(verdict).split('\n')) t.notMatch(line, /^\s*(::|##\[)/);
  t.notMatch(markdown(verdict), /<b>|`|\]\(|www\.|@|\*\*/);
  t.notMatch(junit(verdict), /<b>|]]>|-->/);
  t.ok(Buffer.byteLength(markdown(hostile(3000))) < 1024 * 1024, "GitHub's bound of a summary");
  t.end();
});

t.test('no format has more findings than its reader takes, and each says how many it leaves out', (t) => {
  const verdict = judge(FAIL_ON, Array.from({ length: 120 }, (_, index) => auditRecord({ digest: `d${index}` })));
  t.equal(github(verdict).match(/^::error /gm)?.length, 10);
  t.match(github(verdict), /^::notice title=Sluice::And 111 more digests$/m);
  t.equal(markdown(verdict).match(/^\| d\d+ \|/gm)?.length, 100);
  t.match(markdown(verdict), /^And 20 more digests\.$/m);
  t.match(verdictText(verdict), /^ {2}and 70 more digests$/m);
  t.equal(junit(verdict).match(/<failure /g)?.length, 120);
  const overflow = judge(FAIL_ON, Array.from({ length: 2001 }, (_, index) => auditRecord({ digest: `d${index}` })));
  t.match(junit(overflow), /failures="2001"[^]*1 of 1 executions of digests that are not kept break the policy/);
  t.match(JSON.stringify(sarif(overflow, '1.2.3')), /Of more digests than are kept: 1 execution, of which 1 break/);
  t.end();
});

t.test('every format says what was not seen', (t) => {
  const verdict = { ...VERDICT, gaps: ['No client came to the proxy'] };
  const formats = [verdictText(verdict), markdown(verdict), github(verdict), junit(verdict)];
  for (const text of [...formats, JSON.stringify(sarif(verdict, '1')), JSON.stringify(verdictJson(verdict))]) {
    t.match(text, /No client came to the proxy/);
  }
  t.end();
});

t.test('as SARIF each result has a place: without one, GitHub rejects the whole file', (t) => {
  const { runs } = sarif(VERDICT, '1.2.3') as { runs: [{ results: { locations: unknown[] }[] }] };
  const places = runs[0].results.map(({ locations }) => locations);
  const at = (uri: string, startLine: number): object =>
    ({ physicalLocation: { artifactLocation: { uri }, region: { startLine } } });
  t.strictSame(places, [[at('app/orders.rb', 12)], [at('unknown', 1)]]);
  t.end();
});

/** The forms of a plain verdict and of hostile ones, in files of a folder. */
const written = (t: Test, formOf: (verdict: Verdict) => string): string[] => {
  const folder = t.testdir({});
  return [VERDICT, hostile(3), judge({}, [])].map((verdict, index) => {
    const file = join(folder, String(index));
    writeFileSync(file, formOf(verdict));
    return file;
  });
};

t.test("JUnit's XML is valid by the schema of Jenkins' plugin", { skip: isMissing(PYTHON) }, async (t) => {
  const files = written(t, junit);
  const program = 'import sys, xmlschema\ns = xmlschema.XMLSchema(sys.argv[1])\nfor f in sys.argv[2:]: s.validate(f)';
  t.match(await runPython(['-c', program, join(SCHEMAS, 'junit-10.xsd'), ...files]), { code: 0, stderr: '' });
  writeFileSync(files[0]!, junit(VERDICT).replace('tests="3" failures', 'failures').replaceAll('tests="3"', ''));
  const refused = await runPython(['-c', program, join(SCHEMAS, 'junit-10.xsd'), files[0]!]);
  t.match(refused, { code: 1, stderr: /'tests'/ });
});

t.test('SARIF is valid by its schema', { skip: isMissing(PYTHON) }, async (t) => {
  const files = written(t, (verdict) => JSON.stringify(sarif(verdict, '1.2.3')));
  // One of the schema's own patterns has a bracket that a Unicode expression refuses.
  const schema = ['--regex-variant', 'nonunicode', '--schemafile', join(SCHEMAS, 'sarif-2.1.0.json')];
  const args = ['-m', 'check_jsonschema', ...schema];
  t.match(await runPython([...args, ...files]), { code: 0 });
  writeFileSync(files[0]!, JSON.stringify(sarif(VERDICT, '1.2.3')).replace('"level":"error"', '"level":"fatal"'));
  t.match(await runPython([...args, files[0]!]), { code: 1, stdout: /fatal/ });
});
