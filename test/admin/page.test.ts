import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { SCALE } from '../proof/scale.js';
import { type BrowserPage, startBrowser } from '../support/chromium.js';
import { type AdministeredProgram, startAdministered } from './administered.js';
import { keepPicture, look } from './pageLook.js';

// The live page in a browser. A page is opened once for several tests, because that is what takes time.

const LIMITS = { rows: 2_000_000, bytes: '64MiB' };

const browser = await startBrowser(t);

const addressOf = ({ adminPort }: AdministeredProgram): string => `http://127.0.0.1:${adminPort}/`;

/** Opens the page, and waits until it shows something. */
const openLive = async (t: Test, started: AdministeredProgram): Promise<BrowserPage> => {
  const page = await browser.open(t, addressOf(started));
  await page.until("!document.getElementById('main').hidden");
  return page;
};

/** Fetches the data again, more and more rarely: the page itself does that every two seconds. */
const ASK_AGAIN = `(() => {
  const { again = { atMs: 0, afterMs: 100 } } = window;
  if (performance.now() - again.atMs > again.afterMs) {
    window.again = { atMs: performance.now(), afterMs: Math.min(2000, again.afterMs * 1.5) };
    document.getElementById('order').dispatchEvent(new Event('change'));
  }
})()`;

/** Waits until an expression is true in a page, and has it fetch its data in the meantime. */
const soon = async (page: BrowserPage, expression: string): Promise<void> => {
  await page.evaluate('window.again = undefined');
  await page.until(`(${expression}) || ${ASK_AGAIN}`);
};

/** How often the page has fetched its data. */
const FETCHED = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/live?')).length";

const click = (id: string): string => `document.getElementById('${id}').click()`;
const text = (selector: string): string => `(document.querySelector(${JSON.stringify(selector)})?.textContent ?? '')`;
const shows = (selector: string, what: string): string => `${text(selector)}.includes(${JSON.stringify(what)})`;
const count = (selector: string): string => `document.querySelectorAll(${JSON.stringify(selector)}).length`;

/** Chooses a value of a list, or writes into a field. */
const give = (id: string, value: string, event: 'change' | 'input' = 'change'): string => `(() => {
  const field = document.getElementById('${id}');
  field.value = ${JSON.stringify(value)};
  field.dispatchEvent(new Event('${event}'));
})()`;

const focusOn = (label: string): string =>
  `[...document.querySelectorAll('button')].find((one) => one.textContent === ${JSON.stringify(label)}).focus()`;

const connectAs = async (
  t: Test, { program: { port } }: AdministeredProgram, user: string, program = 'test',
): Promise<DemoClient> => {
  const client = await DemoClient.connect({ host: '127.0.0.1', port, user, schema: 'demo', program });
  t.teardown(() => client.close());
  return client;
};

/** Lets a client take one row of a large result, and no more. */
const stall = (client: DemoClient, sql = 'SELECT * FROM rows_1000000'): Promise<void> => new Promise((resolve) => {
  void client.query(sql, () => new Promise<void>(() => resolve())).catch(() => {});
});

const HOSTILE =
  '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script></script></style>\u202e\u2028\u2066"\'`';

t.test('one page from the first client on', async (t) => {
  const started = await startAdministered(t, {
    limits: { rows: 1000 }, kill: { user: 'k', password: 'k' }, audit: { sqlBytes: '64KiB' },
    rules: [{ name: 'known', match: { user: 'demo', statement: 'ddl' }, action: 'refuse' }],
  });
  const page = await openLive(t, started);

  await t.test('loads nothing from elsewhere, and its policy allows nothing else', async (t) => {
    const { status, headers, body } = await started.ask('/');
    t.equal(status, 200);
    t.match(headers['content-type'], /^text\/html/);
    const policy = String(headers['content-security-policy']);
    t.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; connect-src 'self'; /);
    t.notMatch(policy, /unsafe|\*|http|data:/);
    t.notMatch(body, /\b(?:src|href)="(?!#|runbook")/, 'it names no other resource');
    t.match(await started.ask('/runbook'), { status: 200, body: /^# Troubleshooting/ });
    t.match(body, />the script of this page does not run</, 'which stands there until it runs');
    await soon(page, `${FETCHED} > 1`);
    const asked = new Set(page.requests.map((url) => new URL(url).href.replace(/\?.*/, '')));
    t.strictSame([...asked], [addressOf(started), `${addressOf(started)}live`]);
    t.strictSame(page.complaints, [], 'and the browser has nothing to say about it');
  });

  await t.test('says how to connect a client while there is none, and who it is', async (t) => {
    t.ok(await page.evaluate(shows('#connect', `mysql --host 127.0.0.1 --port ${started.program.port}`)));
    t.ok(await page.evaluate(shows('#about', `listens on 127.0.0.1:${started.program.port}`)));
    t.ok(await page.evaluate(shows('#about', `server 127.0.0.1:${started.upstreamPort}`)));
    t.ok(await page.evaluate(shows('#digests', 'No statement has ended yet')));
    await look(t, page, 'empty');
  });

  const client = await started.connect();

  await t.test('shows new results without being loaded again', async (t) => {
    await client.query('SELECT * FROM rows_900');
    await page.until(shows('#digests', 'SELECT * FROM `rows_900`'));
    t.equal(await page.evaluate("document.getElementById('welcome').hidden"), true);
    t.ok(await page.evaluate(shows('#about', '(in use by 1)')));
    t.equal(await page.evaluate(count('#group-by option')), 6);
    await page.evaluate(give('group-by', 'tag:route'));
    await page.until(shows('#digests-note', 'Counted since'));
    await page.evaluate(give('group-by', 'digest'));
    await page.until(shows('#digests', 'SELECT * FROM `rows_900`'));
    t.ok(await page.evaluate(shows('#tiles', '900 rows')));
    await page.evaluate(click('idle'));
    await page.until(shows('#sessions', 'demo in demo'));
    await client.query('SELECT * FROM rows_5000').catch(() => {});
    await soon(page, shows('#tiles .cut dd', '1default: 1 by rows'));
    t.equal(await page.evaluate("document.querySelector('input[name=unit]:checked').value"), 'rows', 'as it was cut');
    await soon(page, shows('#events', 'rule default, by rows'));
    t.match(await page.evaluate("document.querySelector('#cuts svg').getAttribute('aria-label')"), /1 result was cut/);
    t.equal(await page.evaluate(count('#cuts rect.cut')), 1);
  });

  await t.test('ignores an answer that was asked for before the last choice', async (t) => {
    await page.evaluate(`(() => {
      const { fetch } = window;
      window.fetch = async (...asked) => {
        window.fetch = fetch;
        const late = await fetch(...asked);
        await new Promise((resolve) => { window.letCome = resolve; });
        return late;
      };
    })()`);
    await page.evaluate(give('group-by', 'tag:route'));
    await page.evaluate(give('group-by', 'user'));
    await page.until(shows('#digests-note', 'Counted since'));
    await client.query('SELECT * FROM rows_900');
    await soon(page, shows('#digests summary', 'demo'));
    await page.evaluate("window.letCome(); new Promise((resolve) => setTimeout(resolve))");
    t.ok(await page.evaluate(shows('#digests summary', 'demo')));
    await page.evaluate(give('group-by', 'digest'));
    await page.until(shows('#digests summary', 'SELECT'));
  });

  await t.test('marks statements that a rule refuses, also those that have no result', async (t) => {
    t.match(await client.query('DROP TABLE rows_5'), { error: { code: 3164 } });
    await soon(page, shows('#tiles', 'Refused'));
    await soon(page, shows('#digests .badge.cut', '1 refused'));
    t.ok(await page.evaluate(shows('#digests', 'DROP TABLE `rows_5`')));
  });

  await t.test('shows an open transaction, and what has happened to its session', async (t) => {
    await client.query('BEGIN');
    await soon(page, shows('#sessions .badge', 'in transaction'));
    await page.evaluate("document.querySelector('#sessions .disclose').click()");
    await page.until("document.querySelector('#sessions tr.details .past')");
    t.ok(await page.evaluate(shows('#sessions .past', 'rule default, by rows')));
    t.ok(await page.evaluate(shows('#tiles', '1 in transaction')));
    await look(t, page, 'busy');
    await page.evaluate("document.querySelector('#sessions .disclose').click()");
    await client.query('COMMIT');
  });

  await t.test('shows statements, users and programs as text, and what hides in them as escapes', async (t) => {
    const hostile = await connectAs(t, started, `u${HOSTILE}`, `p${HOSTILE}`);
    await hostile.query(`SELECT '${HOSTILE.replaceAll("'", "''")}'`).catch(() => {});
    await hostile.query(`SELECT \`${HOSTILE.replaceAll('`', '``').repeat(30)}\` FROM rows_10`).catch(() => {});
    await soon(page, shows('#sessions', 'onerror'));
    await page.evaluate("[...document.querySelectorAll('#sessions .disclose')].at(-1).click()");
    await page.until("document.querySelector('#sessions .facts')");
    await soon(page, shows('#digests', 'onerror'));
    t.equal(await page.evaluate(count('img, script:not([type=module]), main script, main style')), 0);
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    await page.evaluate('performance.clearResourceTimings()');
    await soon(page, `${FETCHED} > 0`);
    t.ok(
      await page.evaluate("[...document.querySelectorAll('#digests details')].every((one) => one.open)"),
      'what is open stays so',
    );
    t.ok(await page.evaluate(shows('#sessions', '\\u202e\\u2028\\u2066')));
    t.ok(await page.evaluate(shows('#digests', '\\u202e\\u2028\\u2066')));
    t.notMatch(await page.evaluate('document.body.textContent'), /[\u202e\u2028\u2066]/);
    t.equal(await page.evaluate('window.hacked === undefined'), true);
    await look(t, page, 'hostile');
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })");
    await page.evaluate("[...document.querySelectorAll('#sessions .disclose')].at(-1).click()"); // its client leaves
  });

  await t.test('names each control to a screen reader, and lets the keyboard reach each', async (t) => {
    const told = await page.accessible();
    for (const name of [
      'heading: Sluice', 'button: Pause', 'region: How large results are', 'radio: bytes',
      'slider: What would another limit cut?',
      'region: Cuts in the last hour', 'region: Sessions', 'region: Statements', 'combobox: by',
      'columnheader: Statement', 'columnheader: Session',
      'heading: What happened', 'searchbox: Sessions with', 'combobox: in state', 'link: What to do', 'button: 2 idle',
    ]) t.ok(told.includes(name), name);
    t.ok(told.some((name) => /^image: Distribution of \d results by rows, on logarithmic scales: half have/.test(name)));
    const reached = new Set<string>();
    await page.evaluate('document.activeElement.blur()');
    for (let i = 0; i < 40; i += 1) {
      await page.press('Tab');
      reached.add(await page.evaluate(
        'document.activeElement.id || document.activeElement.value || document.activeElement.tagName',
      ));
    }
    for (const name of [
      'pause', 'rows', 'what-if', 'filter-text', 'filter-state', 'idle', 'events-text', 'events-kind', 'group-by',
      'order', 'SUMMARY',
    ]) t.ok(reached.has(name), name);
    await page.evaluate("document.getElementById('pause').focus()");
    await page.press(' ');
    await page.until("document.getElementById('pause').getAttribute('aria-pressed') === 'true'");
    await page.press(' ');
    await page.until("document.getElementById('banner').hidden");
  });

  await t.test('follows the preference for light or dark', async (t) => {
    const ground = 'getComputedStyle(document.body).backgroundColor';
    const light = await page.evaluate(ground);
    await page.look({ width: 1280, height: 900, scheme: 'dark' });
    t.not(await page.evaluate(ground), light);
    await page.look({ width: 1280, height: 900, scheme: 'light' });
  });

  await t.test('marks a result that is let through as a stream while it runs, and counts it at its end', async (t) => {
    const slow = await started.connect();
    await stall(slow, 'SELECT /*!40001 SQL_NO_CACHE */ * FROM rows_1000000');
    await soon(page, shows('#sessions .badge.admitted', 'let through'));
    t.ok(await page.evaluate(shows('#sessions', 'beyond its limit: streaming (dump)')));
    const sessions = JSON.parse((await started.ask('/sessions')).body) as { readonly command: object | null }[];
    t.match(sessions.at(-1), { command: { class: 'streaming', signal: 'dump', isAdmitted: true } });
    slow.close();
    await soon(page, shows('#digests', '1 let through'));
    t.ok(await page.evaluate(shows('#tiles', 'Let through1beyond a limit, as streams')));
  });

  t.strictSame(page.complaints, []);
});

t.test('a page about a client that does not read', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const slow = await started.connect();
  const statement = `SELECT * FROM rows_1000000 /* ${'long '.repeat(200)} */`;
  await stall(slow, statement);
  const page = await openLive(t, started);

  await t.test('shows how its result has grown, and puts sessions first', async (t) => {
    await soon(page, shows('#sessions .badge', 'stalled'));
    t.ok(await page.evaluate(shows('#sessions', 'the client has read nothing for')));
    t.ok(await page.evaluate(shows('#sessions', 'SELECT * FROM `rows_1000000`')));
    t.ok(await page.evaluate("parseFloat(document.querySelector('#sessions .meter i').style.width) > 0"));
    await page.until("document.getElementById('welcome').nextElementSibling.id === 'sessions-card'");
    await page.evaluate("document.querySelector('#tiles .stall a').click()");
    t.equal(await page.evaluate('document.activeElement.id'), 'sessions-card');
  });

  await t.test('opens to its statement, and says what to run where there is no account that kills', async (t) => {
    await page.evaluate("document.querySelector('#sessions .disclose').focus()");
    await page.press('Enter');
    await page.until(shows('#sessions .sqlbox', statement));
    await page.until(shows('#sessions .byhand', 'No kill account: run KILL QUERY 1'));
    await look(t, page, 'stalled');
  });

  await t.test('asks for confirmation before it ends the session', async (t) => {
    await page.evaluate(focusOn('End the session…'));
    await page.press('Enter');
    await page.until("document.getElementById('ask').open && document.activeElement.id === 'ask-cancel'");
    await keepPicture(page, 'askback');
    await page.press('Enter');
    await page.until("!document.getElementById('ask').open");
    t.match(JSON.parse((await started.ask('/sessions')).body), [{ session: 1 }], 'not without a confirmation');
  });

  await t.test('shows that it is paused, and since when', async (t) => {
    await page.evaluate(click('pause'));
    await page.until(shows('#banner', 'Paused, showing '));
    await look(t, page, 'paused');
    await page.evaluate(click('pause'));
    await page.until("document.getElementById('banner').hidden");
  });

  await t.test('ends the session once that is confirmed', async (t) => {
    await page.evaluate(focusOn('End the session…'));
    await page.press('Enter');
    await page.evaluate(focusOn('End the session'));
    await page.press('Enter');
    await page.until(shows('#ask-result', 'ended: both connections of the session are closed'));
    await page.press('Enter');
    await soon(page, shows('#events', 'end ordered'));
    await page.evaluate(give('filter-state', ''));
    await soon(page, shows('#sessions', 'Nobody is connected'));
    t.strictSame(page.complaints, []);
  });

  await t.test('keeps the last known values and says that the proxy cannot be reached when it has ended', async (t) => {
    started.program.kill('SIGKILL');
    await soon(page, shows('#banner', 'No answer since '));
    t.ok(await page.evaluate(shows('#banner', ', showing the last state')));
    t.equal(await page.evaluate(text('#state')), 'no answer');
    await look(t, page, 'gone', true);
  });
});

t.test('a page with five results', async (t) => {
  const started = await startAdministered(t, { limits: LIMITS });
  const client = await started.connect();
  for (let i = 0; i < 4; i += 1) await client.query('SELECT * FROM rows_10');
  await client.query('SELECT * FROM rows_100000');
  const page = await openLive(t, started);

  await t.test('the slider tells what another limit would cut, also when moved by keyboard', async (t) => {
    await page.evaluate("document.querySelector('input[value=rows]').click()");
    await page.until(shows('#verdict', 'would cut 0 of 5 buffered results'));
    await page.evaluate("document.getElementById('what-if').focus()");
    while (await page.evaluate(shows('#verdict', 'would cut 0 of'))) await page.press('ArrowLeft');
    const verdict = await page.evaluate<string>(text('#verdict'));
    const [, limit] = /^A limit of ([\d,]+) rows would cut 1 of 5 buffered results \(20\.0%\)\.$/.exec(verdict) ?? [];
    const rows = Number(limit?.replaceAll(',', ''));
    t.ok(rows > 50_000 && rows < 100_000, verdict);
    t.match(await page.evaluate("document.getElementById('what-if').getAttribute('aria-valuetext')"), /cuts 1 of 5$/);
    t.equal(await page.evaluate(count('#histogram .beyond')), 1);
  });

  await t.test('says that it has failed when it cannot show an answer, until it can again', async (t) => {
    await page.until(shows('#state', 'running, enforcing'));
    await page.evaluate("window.realFetch = fetch; window.fetch = async () => new Response('{}')");
    await soon(page, shows('#state', 'this page has failed: '));
    t.notOk(await page.evaluate(shows('#state', 'running')));
    await page.evaluate("window.fetch = async () => new Response('no memory\\n', { status: 500 })");
    await soon(page, shows('#state', 'this page has failed: the proxy answered 500: no memory'));
    await page.evaluate('window.fetch = realFetch');
    await soon(page, shows('#state', 'running, enforcing'));
    await page.evaluate(
      `document.getElementById('verdict').remove();
      document.getElementById('what-if').dispatchEvent(new Event('input'))`,
    );
    await page.until(shows('#state', 'this page has failed: '));
  });
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

t.test('shows the sessions and the statistics of all workers together', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 1000 }, workers: 2 });
  for (const client of [await started.connect(), await started.connect()]) {
    for (const rows of [10, 10, 100]) await client.query(`SELECT * FROM rows_${rows}`);
    await client.query('SELECT * FROM rows_5000').catch(() => {});
  }
  const page = await openLive(t, started);
  await soon(page, shows('#state', 'running, enforcing, 2 sessions'));
  await page.evaluate(click('idle'));
  await page.until(shows('#sessions', 'demo in demo'));
  t.match(await page.evaluate(text('#tiles')), /without its 2 workers|for the container/);
  await soon(page, shows('#tiles', 'Statements8'));
  t.ok(await page.evaluate(shows('#tiles', 'Cut2default: 2 by rows')));
  const { digests, cutsOverTime, sizes } = JSON.parse((await started.ask('/live?groupBy=user')).body);
  t.match(digests.find(({ digestText }: { digestText: string }) => digestText === 'SELECT * FROM `rows_10`'), {
    results: 4, rows: { count: 4, sum: 40 }, users: [{ name: 'demo', results: 4 }], mayMiss: 0,
  });
  t.equal(cutsOverTime.reduce((sum: number, { cuts }: { cuts: number }) => sum + cuts, 0), 2);
  t.equal(sizes.rows.reduce((sum: number, [, , count]: number[]) => sum + count!, 0), 8);
  await look(t, page, 'workers');
});

t.test(`filters ${SCALE.shownSessions} sessions, lets each be reached, and keeps the rows few`, async (t) => {
  const all = SCALE.shownSessions;
  const started = await startAdministered(t, { limits: LIMITS, connections: { max: all } });
  for (let connected = 0; connected < all; connected += 40) {
    await Promise.all(Array.from({ length: 40 }, (_, index) => connectAs(t, started, `user-${index % 4}`)));
  }
  t.match(await started.connect().catch((error: unknown) => error), { serverError: { code: 1040 } });
  const shown = all.toLocaleString('en-US');
  const page = await openLive(t, started);
  await soon(page, shows('#idle', `${shown} idle`));
  t.ok(await page.evaluate(shows('#sessions', 'Nothing runs.')));
  t.ok(await page.evaluate(shows('#tiles', `connections.max is ${shown}: others are turned away`)));
  t.ok(await page.evaluate(shows('#events', 'connections.max is reached: a client is turned away, 1 since the start')));
  await page.evaluate(click('idle'));
  const seen = new Set<string>();
  for (let last = 0; last < all; ) {
    const first = last + 1;
    last = Math.min(all, last + 50);
    await page.until(shows('#sessions-note', `${first} to ${last} of ${shown}`));
    t.equal(await page.evaluate(count('#sessions tr')), last - first + 1);
    const numbers = await page.evaluate<string[]>(
      "[...document.querySelectorAll('#sessions .disclose')].map(({ textContent }) => textContent)",
    );
    for (const number of numbers) seen.add(number);
    if (last < all) await page.evaluate(click('later'));
  }
  t.equal(seen.size, all);
  t.equal(await page.evaluate("document.getElementById('later').disabled"), true);
  await look(t, page, 'many');
  await page.evaluate(give('filter-text', 'user:user-1', 'input'));
  await page.until(shows('#idle', `${(all / 4).toLocaleString('en-US')} idle`));
  t.notOk(await page.evaluate(shows('#sessions', 'user-2')));
});
