import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { auditLine } from '../support/auditRecords.js';
import { CLI, sluice } from './program.js';

/** A folder with an audit file of these lines, and with these other files. */
const folderWith = (t: Test, lines: readonly string[], files: Record<string, string> = {}): string =>
  t.testdir({ 'audit.json': lines.join(''), ...files });

/** Runs the program with a descriptor as its standard output. */
const written = async (args: readonly string[], stdout: number): Promise<{ code: number | null; stderr: string }> => {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', stdout, 'pipe'] });
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => { stderr += chunk; });
  const [code] = await once(child, 'close');
  return { code, stderr };
};

t.test('report ends with 3 when the policy is broken, and with 0 when it is kept', async (t) => {
  const folder = folderWith(t, [auditLine(), auditLine({ action: 'sample', digest: 'fine', rows: 10 })]);
  const audit = join(folder, 'audit.json');
  const broken = await sluice(['report', '--fail-on', 'cut,would-cut', audit]);
  t.equal(broken.code, 3);
  t.match(broken.stdout, /^# Policy broken by 1 digest: 2 executions of 2 digests$/m);
  t.match(broken.stdout, /^# Breaks the policy:\n# {3}b266dab9faec510d {2}1 result would have been cut$/m);
  t.equal((await sluice(['report', '--fail-on', 'cut', '--fail-on', 'admit', audit])).code, 0);
  t.equal((await sluice(['report', '--max-rows', '1999', audit])).code, 3);
  t.equal((await sluice(['report', '--max-rows', '2000', '--max-bytes', '1MiB', audit])).code, 0);
  t.notMatch((await sluice(['report', audit])).stdout, /Policy/, 'without a policy there is nothing about one');
});

t.test('report refuses a policy that it cannot read', async (t) => {
  const refused = async (says: RegExp, ...flags: string[]) =>
    t.match(await sluice(['report', ...flags, '/dev/null']), { code: 2, stderr: says });
  await refused(/--fail-on: unknown kind "cuts", did you mean cut\?/, '--fail-on', 'cuts');
  await refused(/--fail-on: unknown kind "", expected some of cut,/, '--fail-on', '');
  await refused(/--max-executions: expected a number from 1 /, '--max-executions', '0');
  await refused(/--growth: needs --baseline/, '--growth', '3');
  await refused(/--format: unknown format "junits", did you mean junit\?/, '--format', 'junits=x');
  await refused(/--format: expected a file after "junit="/, '--format', 'junit=');
  await refused(/--format: json and text cannot both go to standard output/, '--format', 'json', '--format', 'text');
  await refused(/--json: give --format json instead/, '--json', '--format', 'text');
});

t.test('report writes several formats at once, each to its place', async (t) => {
  const folder = folderWith(t, [auditLine()], { 'old.xml': 'old' });
  const at = (name: string): string => join(folder, name);
  const formats = [`junit=${at('old.xml')}`, `sarif=${at('s.sarif')}`, `markdown=${at('m.md')}`, 'github', 'text'];
  const flags = formats.flatMap((format) => ['--format', format]);
  const { code, stdout, stderr } = await sluice(['report', ...flags, '--fail-on', 'would-cut', at('audit.json')]);
  t.strictSame([code, stderr], [3, '']);
  t.match(stdout, /^::error title=Sluice%3A b266dab9faec510d::1 result would have been cut%0A[^]*^# Overall: /m);
  t.match(readFileSync(at('old.xml'), 'utf8'), /^<\?xml [^]*<\/testsuites>\n$/);
  t.equal(JSON.parse(readFileSync(at('s.sarif'), 'utf8')).version, '2.1.0');
  t.match(readFileSync(at('m.md'), 'utf8'), /^### Sluice: Policy broken by 1 digest/);
  t.strictSame(readdirSync(folder).sort(), ['audit.json', 'm.md', 'old.xml', 's.sarif'], 'nothing else is left');
});

t.test("report adds to GitHub's summary of the job when that is the file of a format", async (t) => {
  const folder = folderWith(t, [auditLine()], { 'summary.md': 'before\n' });
  const summary = join(folder, 'summary.md');
  const args = ['report', '--format', `markdown=${summary}`, join(folder, 'audit.json')];
  t.equal((await sluice(args, { GITHUB_STEP_SUMMARY: summary })).code, 0);
  t.match(readFileSync(summary, 'utf8'), /^before\n### Sluice: /);
  await sluice(['report', '--format', 'text', join(folder, 'audit.json')], { GITHUB_STEP_SUMMARY: join(folder, 'no') });
  t.notOk(existsSync(join(folder, 'no')), 'and not where it is not asked to');
});

t.test('report says which file of a format cannot be written, and ends with 1', async (t) => {
  const folder = folderWith(t, [auditLine()]);
  writeFileSync(join(folder, 'file'), '');
  const place = join(folder, 'file', 'x.xml');
  const args = ['report', '--fail-on', 'would-cut', '--format', `junit=${place}`, '--format', 'json'];
  const { code, stdout, stderr } = await sluice([...args, join(folder, 'audit.json')]);
  t.equal(code, 1);
  t.match(stderr, /^sluice: --format junit: cannot write ".*x\.xml": ENOTDIR/);
  t.match(JSON.parse(stdout), { verdict: { isBroken: true } });
});

t.test('baseline writes what report then knows, and updates it', async (t) => {
  const folder = folderWith(t, [auditLine(), auditLine({ digest: 'other', action: 'sample' })], {
    'later.json': auditLine({ rows: 5000 }), 'new.json': auditLine({ digest: 'unheard-of' }),
  });
  const at = (name: string): string => join(folder, name);
  const flags = ['--baseline', at('known.json')];
  const written = await sluice(['baseline', ...flags, at('audit.json')]);
  t.match(written, { code: 0, stdout: '', stderr: /known\.json: 2 digests: 2 new, 0 changed, 0 removed\n$/ });
  const before = readFileSync(at('known.json'), 'utf8');
  const judged = (file: string, ...more: string[]) =>
    sluice(['report', '--fail-on', 'would-cut', ...flags, ...more, at(file)]);
  t.equal((await judged('audit.json')).code, 0);
  const grown = await judged('later.json');
  t.equal(grown.code, 3);
  t.match(grown.stdout, /^# {3}b266dab9faec510d {2}1 result .*; grown to 5,000 rows from 2,000 in the baseline/m);
  t.equal((await judged('later.json', '--growth', '2.5')).code, 0);
  t.match(await judged('new.json'), { code: 3, stdout: /unheard-of {2}1 result .*; not in the baseline/ });
  await sluice(['baseline', ...flags, at('audit.json')]);
  t.equal(readFileSync(at('known.json'), 'utf8'), before, 'the same records change nothing');
  const updated = await sluice(['baseline', ...flags, '--prune', at('later.json')]);
  t.match(updated.stderr, /1 digest: 0 new, 1 changed, 1 removed/);
  t.equal((await judged('later.json')).code, 0);
});

t.test('a baseline that cannot be read is refused, and stays as it is', async (t) => {
  const folder = folderWith(t, [auditLine()], { 'known.json': '{"version": "1", "digest": []}' });
  const [known, audit] = [join(folder, 'known.json'), join(folder, 'audit.json')];
  const says = /^--baseline: .*known\.json: digest: unknown key, did you mean digests\?\n/;
  t.match(await sluice(['baseline', '--baseline', known, audit]), { code: 2, stderr: says });
  t.equal(readFileSync(known, 'utf8'), '{"version": "1", "digest": []}');
  t.match(await sluice(['report', '--baseline', known, audit]), { code: 2, stderr: says });
  const missing = await sluice(['report', '--baseline', `${known}.no`, audit]);
  t.match(missing, { code: 2, stderr: /^--baseline: cannot read ".*": no such file: sluice baseline writes such a/ });
});

t.test('a baseline of more than 32 MiB is not written, and not read', async (t) => {
  // The longest texts that are kept, in characters of three bytes.
  const digestText = '\u{6f22}'.repeat(8192);
  const lines = Array.from({ length: 1400 }, (_, index) =>
    auditLine({ digest: `digest-${index}`, digestText, sql: null }));
  const folder = folderWith(t, lines, { 'known.json': '{"version": "1", "digests": []}', 'large.json': '' });
  const [known, large] = [join(folder, 'known.json'), join(folder, 'large.json')];
  const refused = await sluice(['baseline', '--baseline', known, join(folder, 'audit.json')]);
  t.equal(refused.code, 1);
  t.match(refused.stderr, /the baseline would have 33\.\d MiB, and no more than 32\.0 MiB are read: drop /);
  t.match(refused.stderr, /known\.json: not written\n$/);
  t.equal(readFileSync(known, 'utf8'), '{"version": "1", "digests": []}');
  truncateSync(large, 32 * 1024 * 1024 + 1);
  const read = await sluice(['report', '--baseline', large, '/dev/null']);
  t.match(read, { code: 2, stderr: /^--baseline: .*large\.json: larger than 32\.0 MiB: write it anew / });
});

t.test('baseline writes nothing when no record names a known statement', async (t) => {
  const slow = '# Time: 2026-11-20T12:00:00Z\n# User@Host: app[app] @ []\nSELECT 1;\n';
  const folder = folderWith(t, [auditLine()], {
    'empty.json': '', 'slow.log': slow, 'unknown.json': auditLine({ digest: null }),
    'stall.json': '{"event": "stall"}\n',
  });
  const at = (name: string): string => join(folder, name);
  const known = at('known.json');
  await sluice(['baseline', '--baseline', known, at('audit.json')]);
  const before = readFileSync(known, 'utf8');
  const refused = async (says: RegExp, args: readonly string[]) => {
    const { code, stderr } = await sluice(['baseline', '--baseline', known, ...args]);
    t.equal(code, 1, args.join(' '));
    t.match(stderr, says);
    t.match(stderr, /known\.json: not written\n$/);
    t.equal(readFileSync(known, 'utf8'), before);
  };
  const nothing = 'sluice: found no record of a known statement';
  await Promise.all([
    refused(new RegExp(`^${nothing}: give audit files`), [at('empty.json')]),
    refused(new RegExp(`^${nothing}: give audit files`), ['--prune', at('stall.json')]),
    refused(new RegExp(`^${nothing}, only a slow query log at .*slow\\.log:1; 3 lines`), ['--prune', at('slow.log')]),
    refused(
      new RegExp(`^${nothing}, only \\d+ lines without an audit record, the first at .*:1`), ['--prune', known],
    ),
    refused(new RegExp(`^${nothing}, only 1 record of unknown`), [at('unknown.json')]),
    refused(new RegExp(`^${nothing}, only 1 record outside of the selection`),
      ['--prune', '--user', 'nobody', at('audit.json')]),
  ]);
  await sluice(['baseline', '--baseline', at('new.json'), at('empty.json')]);
  t.notOk(existsSync(at('new.json')));
});

t.test('baseline refuses to prune by files with lines that are no records, and updates without --prune', async (t) => {
  const folder = folderWith(t, [auditLine(), auditLine({ bytes: 1.5, digest: 'half' })]);
  const [known, audit] = [join(folder, 'known.json'), join(folder, 'audit.json')];
  t.match(await sluice(['baseline', '--baseline', known, '--prune', audit]), {
    code: 1, stderr: /^sluice: found 1 line without an audit record, the first at .*audit\.json:2: --prune would drop/,
  });
  t.notOk(existsSync(known));
  t.equal((await sluice(['baseline', '--baseline', known, audit])).code, 0);
  t.equal((await sluice(['report', '--baseline', known, audit])).code, 0, 'what was written can be read');
});

t.test('says in a line that standard output cannot be written', async (t) => {
  const full = openSync('/dev/full', 'w');
  const found = join(t.testdir({}), 'found.json');
  t.teardown(() => closeSync(full));
  const says = /^sluice: cannot write standard output: ENOSPC: no space left on device, write\n/m;
  const commands = [
    ['schema'], ['report', '/dev/null'],
    ['run', '--demo', '--format', 'text', '--format', `json=${found}`, '--', 'true'],
  ];
  await Promise.all(commands.map(async (args) => {
    const { code, stderr } = await written(args, full);
    t.equal(code, 1, args.join(' '));
    t.match(stderr, says);
    t.notMatch(stderr.replace(says, ''), /ENOSPC|nobody expected|    at /, 'and once, without a stack');
  }));
  t.ok(existsSync(found), 'the other outputs are written');
});

t.test('the help says with which flag --max-executions fails', async (t) => {
  for (const command of ['report', 'run']) {
    t.match((await sluice([command, '--help'])).stdout, /--max-executions +N +with\s+--fail-on\s+repeated: /);
  }
});
