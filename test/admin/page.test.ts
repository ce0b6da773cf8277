import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { type BrowserPage, startBrowser } from '../support/chromium.js';
import { type AdministeredProgram, startAdministered } from './administered.js';

const LIMITS = { rows: 2_000_000, bytes: '64MiB' };

const browser = await startBrowser(t);

const addressOf = ({ adminPort }: AdministeredProgram): string => `http://127.0.0.1:${adminPort}/`;

/** Opens the page, and waits until it shows something. */
const openLive = async (t: Test, started: AdministeredProgram): Promise<BrowserPage> => {
  const page = await browser.open(t, addressOf(started));
  await page.until("!document.getElementById('main').hidden");
  return page;
};

/** How often the page has fetched its data. */
const FETCHED = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/live?')).length";

/** Lists idle sessions, too. */
const SHOW_IDLE = "document.getElementById('idle').click()";

const text = (selector: string): string => `(document.querySelector(${JSON.stringify(selector)})?.textContent ?? '')`;
const shows = (selector: string, what: string): string => `${text(selector)}.includes(${JSON.stringify(what)})`;

t.test('the page loads nothing from elsewhere, and its policy allows nothing else', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const { status, headers, body } = await started.ask('/');
  t.equal(status, 200);
  t.match(headers['content-type'], /^text\/html/);
  const policy = String(headers['content-security-policy']);
  t.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'; /);
  t.notMatch(policy, /unsafe|\*|http|data:/);
  t.notMatch(body, /\b(?:src|href)="(?!#|runbook")/, 'it names no other resource');
  t.match(await started.ask('/runbook'), { status: 200, body: /^# Troubleshooting/ });
  t.match(body, />the script of this page does not run</, 'which stands there until it runs');
  const page = await openLive(t, started);
  await page.until(`${FETCHED} > 1`);
  const asked = new Set(page.requests.map((url) => new URL(url).href.replace(/\?.*/, '')));
  t.strictSame([...asked], [addressOf(started), `${addressOf(started)}live`]);
  t.strictSame(page.complaints, [], 'and the browser has nothing to say about it');
});

t.test('the page shows new results without being loaded again', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 1000 } });
  const client = await started.connect();
  const page = await openLive(t, started);
  t.ok(await page.evaluate(shows('#digests', 'No statement has ended yet')));
  await client.query('SELECT * FROM rows_900');
  await page.until(shows('#digests', 'SELECT * FROM `rows_900`'));
  await page.until("document.getElementById('group-by').options.length === 6");
  const choose = (grouping: string): string => `(() => {
    const select = document.getElementById('group-by');
    select.value = '${grouping}';
    select.dispatchEvent(new Event('change'));
  })()`;
  await page.evaluate(choose('tag:route'));
  await page.until(shows('#digests-note', 'Counted since'));
  await page.evaluate(choose('digest'));
  await page.until(shows('#digests', 'SELECT * FROM `rows_900`'));
  t.ok(await page.evaluate(shows('#tiles', '900 rows')));
  await page.evaluate(SHOW_IDLE);
  await page.until(shows('#sessions', 'demo in demo'));
  await client.query('SELECT * FROM rows_5000').catch(() => {});
  await page.until(shows('#tiles .cut dd', '1default: 1 by rows'));
  t.equal(await page.evaluate("document.querySelector('input[name=unit]:checked').value"), 'rows', 'as it was cut');
  await page.until(shows('#events', 'rule default, by rows'));
  t.match(await page.evaluate("document.querySelector('#cuts svg').getAttribute('aria-label')"), /1 result was cut/);
  t.equal(await page.evaluate("document.querySelectorAll('#cuts rect.cut').length"), 1);
});

t.test('marks statements that a rule refuses, also those that have no result', async (t) => {
  const rules = [{ name: 'known', match: { user: 'demo', statement: 'ddl' }, action: 'refuse' }];
  const started = await startAdministered(t, { limits: LIMITS, rules });
  const client = await started.connect();
  t.match(await client.query('DROP TABLE rows_5'), { error: { code: 3164 } });
  const page = await openLive(t, started);
  await page.until(shows('#tiles', 'Refused'));
  await page.until(shows('#digests .badge.cut', '1 refused'));
  t.ok(await page.evaluate(shows('#digests', 'DROP TABLE `rows_5`')));
  t.strictSame(page.complaints, []);
});

t.test('shows characters that hide or turn the direction of text as escapes', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const program = 'left\u202e\u2028\u2066right';
  const client = await DemoClient.connect(
    { host: '127.0.0.1', port: started.program.port, user: 'demo', schema: 'demo', program },
  );
  t.teardown(() => client.close());
  const page = await openLive(t, started);
  await page.evaluate(SHOW_IDLE);
  await page.until(shows('#sessions', 'left\\u202e\\u2028\\u2066right'));
  await client.query('SELECT * FROM rows_5');
  await page.until(shows('#digests', 'left\\u202e\\u2028\\u2066right'));
  t.notMatch(await page.evaluate('document.body.textContent'), /[\u202e\u2028\u2066]/);
});

t.test('shows a growing result as it grows, and marks a client that does not read', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const slow = await started.connect();
  // Takes the first row only.
  void slow.query('SELECT * FROM rows_1000000', () => new Promise<void>(() => {})).catch(() => {});
  const page = await openLive(t, started);
  await page.until(shows('#sessions', 'the client has read nothing for'));
  t.ok(await page.evaluate(shows('#sessions', 'SELECT * FROM `rows_1000000`')));
  await page.until(shows('#tiles', '1 not reading')); // the tiles come from another answer than the sessions
  t.ok(await page.evaluate("parseFloat(document.querySelector('#sessions .meter i').style.width) > 0"));
  slow.close();
  await page.until(shows('#sessions', 'Nobody is connected'));
});

t.test('marks a result that is let through as a stream while it runs, and counts it at its end', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 100 } });
  const slow = await started.connect();
  const streamed = 'SELECT /*!40001 SQL_NO_CACHE */ * FROM rows_1000000';
  void slow.query(streamed, () => new Promise<void>(() => {})).catch(() => {});
  const page = await openLive(t, started);
  await page.until(shows('#sessions .badge.admitted', 'let through'));
  t.ok(await page.evaluate(shows('#sessions', 'beyond its limit: streaming (dump)')));
  t.match(
    JSON.parse((await started.ask('/sessions')).body),
    [{ command: { class: 'streaming', signal: 'dump', isAdmitted: true } }],
  );
  slow.close();
  await page.until(shows('#digests', '1 let through'));
  t.ok(await page.evaluate(shows('#tiles', 'Let through1beyond a limit, as streams')));
});

t.test('the slider tells what another limit would cut, also when moved by keyboard', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const client = await started.connect();
  for (let i = 0; i < 4; i += 1) await client.query('SELECT * FROM rows_10');
  await client.query('SELECT * FROM rows_100000');
  const page = await openLive(t, started);
  await page.evaluate("document.querySelector('input[value=rows]').click()");
  await page.until(shows('#verdict', 'would cut 0 of 5 buffered results'));
  await page.evaluate("document.getElementById('what-if').focus()");
  while (await page.evaluate(shows('#verdict', 'would cut 0 of'))) await page.press('ArrowLeft');
  const verdict = await page.evaluate<string>(text('#verdict'));
  const [, limit] = /^A limit of ([\d,]+) rows would cut 1 of 5 buffered results \(20\.0%\)\.$/.exec(verdict) ?? [];
  const rows = Number(limit?.replaceAll(',', ''));
  t.ok(rows > 50_000 && rows < 100_000, verdict);
  t.match(await page.evaluate("document.getElementById('what-if').getAttribute('aria-valuetext')"), /cuts 1 of 5$/);
  t.equal(await page.evaluate("document.querySelectorAll('#histogram .beyond').length"), 1);
});

t.test('shows statements, users and programs as text when they contain HTML', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS, audit: { sqlBytes: '64KiB' } });
  const evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script></script></style>\u202e"\'`';
  const client = await DemoClient.connect({
    host: '127.0.0.1', port: started.program.port, user: `u${evil}`, schema: 'demo', program: `p${evil}`,
  });
  t.teardown(() => client.close());
  await client.query(`SELECT '${evil.replaceAll("'", "''")}'`).catch(() => {});
  await client.query(`SELECT \`${evil.replaceAll('`', '``')}\` FROM rows_10`).catch(() => {});
  const page = await openLive(t, started);
  await page.evaluate(SHOW_IDLE);
  await page.until(shows('#sessions', 'onerror'));
  await page.evaluate("document.querySelector('#sessions .disclose').click()");
  await page.until("document.querySelector('#sessions .facts')");
  await page.until(shows('#digests', 'onerror'));
  t.equal(
    await page.evaluate("document.querySelectorAll('img, script:not([type=module]), main script, main style').length"),
    0,
  );
  await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
  await page.until(`${FETCHED} > 2`);
  t.equal(await page.evaluate('window.hacked === undefined'), true);
  t.ok(
    await page.evaluate("[...document.querySelectorAll('#digests details')].every((one) => one.open)"),
    'what is open stays so',
  );
  t.strictSame(page.complaints, []);
});

t.test('asks for the token when one is configured, and stores it nowhere', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-token-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'open-sesame\n');
  const started = await startAdministered(t, { admin: { listen: '127.0.0.1:0', tokenFile } });
  t.equal((await started.ask('/live')).status, 401);
  const page = await browser.open(t, addressOf(started));
  await page.until("!document.getElementById('login').hidden && document.activeElement.id === 'token'");
  t.equal(await page.evaluate("document.getElementById('main').hidden"), true);
  for (const key of 'wrong') await page.press(key);
  await page.press('Enter');
  await page.until(shows('#refusal', 'That is not the token'));
  for (const key of 'open-sesame') await page.press(key);
  await page.press('Enter');
  await page.until("!document.getElementById('main').hidden && document.getElementById('login').hidden");
  t.equal(await page.evaluate(
    "document.getElementById('token').value + JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie",
  ), '{}');
  t.notOk(page.requests.some((url) => url.includes('sesame')));
});

t.test('names each control to a screen reader, and lets the keyboard reach each', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  await (await started.connect()).query('SELECT * FROM rows_10');
  const page = await openLive(t, started);
  const told = await page.accessible();
  for (const name of [
    'heading: Sluice', 'button: Pause', 'region: How large results are', 'radio: bytes',
    'slider: What would another limit cut?',
    'region: Cuts in the last hour', 'region: Sessions', 'region: Statements', 'combobox: by',
    'columnheader: Statement',
    'heading: What happened', 'searchbox: Sessions with', 'combobox: in state', 'link: What to do', 'button: 1 idle',
  ]) t.ok(told.includes(name), name);
  t.ok(told.some((name) => /^image: Distribution of 1 result by bytes, on logarithmic scales: half have/.test(name)));
  const reached = new Set<string>();
  for (let i = 0; i < 22; i += 1) {
    await page.press('Tab');
    reached.add(
      await page.evaluate(
        'document.activeElement.id || document.activeElement.value || document.activeElement.tagName',
      ),
    );
  }
  for (const name of ['pause', 'bytes', 'what-if', 'filter-text', 'filter-state', 'idle', 'group-by', 'order', 'SUMMARY']) t.ok(reached.has(name), name);
  await page.evaluate("document.getElementById('pause').focus()");
  await page.press(' ');
  await page.until("document.getElementById('pause').getAttribute('aria-pressed') === 'true'");
});

t.test('fits a phone screen, and follows the preference for light or dark', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  await (await started.connect()).query(`SELECT * FROM rows_10 /* ${'long '.repeat(100)} */`);
  const page = await openLive(t, started);
  await page.look({ width: 360, height: 740, scheme: 'light' });
  await page.until("document.querySelector('#histogram svg').clientWidth < 360");
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, 'nothing sticks out');
  const ground = 'getComputedStyle(document.body).backgroundColor';
  const light = await page.evaluate(ground);
  await page.look({ width: 360, height: 740, scheme: 'dark' });
  t.not(await page.evaluate(ground), light);
});

t.test('keeps the last known values and says that the proxy cannot be reached when it has ended', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const page = await openLive(t, started);
  started.program.kill('SIGKILL');
  await page.until(shows('#banner', 'No answer since '));
  t.ok(await page.evaluate(shows('#banner', ', showing the last state')));
  t.equal(await page.evaluate(text('#state')), 'no answer');
});

t.test('shows the sessions and the statistics of all workers together', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 1000 }, workers: 2 });
  for (const client of [await started.connect(), await started.connect()]) {
    for (const rows of [10, 10, 100]) await client.query(`SELECT * FROM rows_${rows}`);
    await client.query('SELECT * FROM rows_5000').catch(() => {});
  }
  const page = await openLive(t, started);
  await page.until(shows('#state', 'running, enforcing, 2 sessions'));
  await page.evaluate(SHOW_IDLE);
  await page.until(shows('#sessions', 'demo in demo'));
  t.ok(await page.evaluate(shows('#tiles', 'without its 2 workers')));
  t.ok(await page.evaluate(shows('#tiles', 'Statements8')));
  t.ok(await page.evaluate(shows('#tiles', 'Cut2default: 2 by rows')));
  const { digests, cutsOverTime, sizes } = JSON.parse((await started.ask('/live?groupBy=user')).body);
  t.match(digests.find(({ digestText }: { digestText: string }) => digestText === 'SELECT * FROM `rows_10`'), {
    results: 4, rows: { count: 4, sum: 40 }, users: [{ name: 'demo', results: 4 }], mayMiss: 0,
  });
  t.equal(cutsOverTime.reduce((sum: number, { cuts }: { cuts: number }) => sum + cuts, 0), 2);
  t.equal(sizes.rows.reduce((sum: number, [, , count]: number[]) => sum + count!, 0), 8);
  await started.ask('/live?groupBy=user');
  t.strictSame(page.complaints, []);
});

t.test('says that the page has failed when it cannot show an answer, until it can again', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const page = await openLive(t, started);
  await page.until(shows('#state', 'running, enforcing'));
  await page.evaluate("window.realFetch = fetch; window.fetch = async () => new Response('{}')");
  await page.until(shows('#state', 'this page has failed: '));
  t.notOk(await page.evaluate(shows('#state', 'running')));
  await page.evaluate("window.fetch = async () => new Response('no memory\\n', { status: 500 })");
  await page.until(shows('#state', 'this page has failed: the proxy answered 500: no memory'));
  await page.evaluate('window.fetch = realFetch');
  await page.until(shows('#state', 'running, enforcing'));
  await page.evaluate(
    "document.getElementById('verdict').remove(); document.getElementById('what-if').dispatchEvent(new Event('input'))",
  );
  await page.until(shows('#state', 'this page has failed: '));
});

t.test('puts sessions first where one is stalled, and ends it once that is confirmed', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const slow = await started.connect();
  const statement = `SELECT * FROM rows_1000000 /* ${'long '.repeat(200)} */`;
  void slow.query(statement, () => new Promise<void>(() => {})).catch(() => {});
  const page = await openLive(t, started);
  await page.until(shows('#sessions .badge', 'stalled'));
  await page.until("document.getElementById('welcome').nextElementSibling.id === 'sessions-card'");
  await page.evaluate("document.querySelector('#tiles .stall a').click()");
  t.equal(await page.evaluate('document.activeElement.id'), 'sessions-card');
  await page.evaluate("document.querySelector('#sessions .disclose').focus()");
  await page.press('Enter');
  await page.until(shows('#sessions .sqlbox', statement));
  await page.until(shows('#sessions .byhand', 'No kill account: run KILL QUERY 1'));
  const press = (label: string): Promise<void> => page.evaluate(
    `[...document.querySelectorAll('button')].find((one) => one.textContent === ${JSON.stringify(label)}).focus()`,
  );
  await press('End the session…');
  await page.press('Enter');
  await page.until("document.getElementById('ask').open && document.activeElement.id === 'ask-cancel'");
  await page.press('Enter');
  await page.until("!document.getElementById('ask').open");
  t.match(JSON.parse((await started.ask('/sessions')).body), [{ session: 1 }], 'not without a confirmation');
  await press('End the session…');
  await page.press('Enter');
  await press('End the session');
  await page.press('Enter');
  await page.until(shows('#ask-result', 'ended: both connections of the session are closed'));
  await page.press('Enter');
  await page.until(shows('#events', 'end ordered'));
  t.strictSame(page.complaints, []);
});

t.test('filters sessions, pages through many, and keeps the rows few', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const connect = (user: string): Promise<DemoClient> =>
    DemoClient.connect({ host: '127.0.0.1', port: started.program.port, user, schema: 'demo', program: 'test' });
  const clients = await Promise.all(Array.from({ length: 120 }, (_, index) => connect(`user-${index % 3}`)));
  t.teardown(() => clients.forEach((client) => client.close()));
  const page = await openLive(t, started);
  await page.until(shows('#idle', '120 idle'));
  t.ok(await page.evaluate(shows('#sessions', 'Nothing runs.')));
  await page.evaluate(SHOW_IDLE);
  await page.until(shows('#sessions-note', '1 to 50 of 120'));
  for (const note of ['51 to 100 of 120', '101 to 120 of 120']) {
    await page.evaluate("document.getElementById('later').click()");
    await page.until(shows('#sessions-note', note));
  }
  t.equal(await page.evaluate("document.querySelectorAll('#sessions tr').length"), 20);
  t.equal(await page.evaluate("document.getElementById('later').disabled"), true);
  await page.evaluate(`(() => {
    const filter = document.getElementById('filter-text');
    filter.value = 'user:user-1';
    filter.dispatchEvent(new Event('input'));
  })()`);
  await page.until(shows('#idle', '40 idle'));
  t.notOk(await page.evaluate(shows('#sessions', 'user-2')));
});

t.test('says how to connect a client while there is none, who it is, and when it shows the past', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const page = await openLive(t, started);
  await page.until(shows('#connect', `mysql --host 127.0.0.1 --port ${started.program.port}`));
  t.ok(await page.evaluate(shows('#about', `listens on 127.0.0.1:${started.program.port}`)));
  t.ok(await page.evaluate(shows('#about', `server 127.0.0.1:${started.upstreamPort}`)));
  await page.evaluate("document.getElementById('pause').click()");
  await page.until(shows('#banner', 'Paused, showing '));
  await page.evaluate("document.getElementById('pause').click()");
  await page.until("document.getElementById('banner').hidden");
  await (await started.connect()).query('SELECT * FROM rows_5');
  await page.until("document.getElementById('welcome').hidden");
  await page.until(shows('#about', '(in use by 1)'));
});
