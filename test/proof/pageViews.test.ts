import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { type AdministeredProgram, startAdministered } from '../admin/administered.js';
import { type BrowserPage, startBrowser } from '../support/chromium.js';
import { SCALE } from './scale.js';

// The live page in eight situations, on a screen and on a phone, light and dark. The pictures are for people to look at:
// they stay in `.tap/screenshots`.

const FOLDER = fileURLToPath(new URL('../../.tap/screenshots', import.meta.url));
const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script></style>\u202e"\'`';
const BADGE = "document.querySelector('#sessions .badge.stall')";

mkdirSync(FOLDER, { recursive: true });
const browser = await startBrowser(t);

const open = async (t: Test, { adminPort }: AdministeredProgram): Promise<BrowserPage> => {
  const page = await browser.open(t, `http://127.0.0.1:${adminPort}/`);
  await page.until("!document.getElementById('main').hidden");
  return page;
};

/** Lets a client take one row of a large result, and no more. */
const stall = (client: DemoClient, comment = ''): Promise<void> => new Promise((resolve) => {
  void client.query(`SELECT * FROM rows_1000000 ${comment}`, () => new Promise<void>(() => resolve())).catch(() => {});
});

/** Looks at a page in all four ways. Nothing sticks out, and each control has a name and is reached by the keyboard. */
const look = async (t: Test, page: BrowserPage, name: string, offline = false): Promise<void> => {
  for (const [width, height] of [[1280, 900], [390, 844]] as const) {
    for (const scheme of ['light', 'dark'] as const) {
      await page.look({ width, height, scheme });
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      t.ok(await page.evaluate<number>('document.documentElement.scrollWidth') <= width, `${name} fits ${width}`);
      writeFileSync(join(FOLDER, `${name}-${width}-${scheme}.png`), await page.screenshot());
    }
  }
  const told = await page.accessible();
  for (const control of ['button: Pause', 'searchbox: Sessions with', 'searchbox: Events with', 'link: What to do']) {
    if (!told.includes(control) && !told.includes(control.replace('Pause', 'Paused'))) t.fail(`${name}: ${control}`);
  }
  const unreached = await page.evaluate<number>(`[...document.querySelectorAll('button, a, input, select, summary')]
    .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex < 0).length`);
  t.equal(unreached, 0, `${name}: the keyboard reaches every control`);
  const scriptErrors = page.complaints.filter((complaint) => !complaint.includes('"source":"network"') &&
    !(offline && complaint.includes('Failed to fetch')));
  t.strictSame(scriptErrors, [], name);
};

t.test('empty', async (t) => {
  const page = await open(t, await startAdministered(t));
  await look(t, page, 'empty');
});

t.test('busy, with cuts, a transaction and an open session', async (t) => {
  const started = await startAdministered(t, { limits: { rows: 5000 }, kill: { user: 'k', password: 'k' } });
  const clients = await Promise.all(Array.from({ length: 8 }, () => started.connect()));
  for (const rows of [5, 10, 100, 900, 2000, 100_000]) {
    for (const client of clients) await client.query(`SELECT * FROM rows_${rows}`).catch(() => {});
  }
  await clients[1]!.query('BEGIN');
  const page = await open(t, started);
  await page.evaluate("document.getElementById('idle').click()");
  await page.until("document.querySelectorAll('#sessions .disclose').length === 8");
  await page.evaluate("document.querySelector('#sessions .disclose').click()");
  await page.until("document.querySelector('#sessions tr.details .facts')");
  await look(t, page, 'busy');
});

t.test('stalled, asking back, paused and gone', async (t) => {
  const started = await startAdministered(t, { limits: { rows: null }, kill: { user: 'k', password: 'k' } });
  await stall(await started.connect());
  const page = await open(t, started);
  await page.until(BADGE);
  await page.evaluate("document.querySelector('#sessions .disclose').click()");
  await page.until("document.querySelector('#sessions tr.details .sqlbox')");
  await look(t, page, 'stalled');
  await page.evaluate("[...document.querySelectorAll('#sessions .buttons button')][0].click()");
  await page.until("document.getElementById('ask').open");
  writeFileSync(join(FOLDER, 'askback.png'), await page.screenshot());
  await page.evaluate("document.getElementById('ask').close()");
  await page.evaluate("document.getElementById('pause').click()");
  await look(t, page, 'paused');
  await page.evaluate("document.getElementById('pause').click()");
  started.program.kill('SIGKILL');
  await page.until("document.getElementById('banner').textContent.startsWith('No answer')");
  await look(t, page, 'gone', true);
});

t.test('hostile names and statements', async (t) => {
  const started = await startAdministered(t, { audit: { sqlBytes: '64KiB' } });
  const client = await DemoClient.connect({
    host: '127.0.0.1', port: started.program.port, user: `u${HOSTILE}`, schema: 'demo', program: `p${HOSTILE}`,
  });
  t.teardown(() => client.close());
  await client.query(`SELECT \`${HOSTILE.replaceAll('`', '``').repeat(30)}\` FROM rows_10`).catch(() => {});
  await stall(client, `/* ${HOSTILE} ${'long words '.repeat(300)} */`);
  const page = await open(t, started);
  await page.until(BADGE);
  await page.evaluate("document.querySelector('#sessions .disclose').click()");
  await page.until("document.querySelector('#sessions tr.details .sqlbox')");
  await look(t, page, 'hostile');
  t.equal(await page.evaluate('window.hacked === undefined'), true);
});

t.test('two workers', async (t) => {
  const started = await startAdministered(t, { workers: 2, limits: { rows: 1000 } });
  for (const rows of [5, 10, 100, 900, 2000]) {
    await (await started.connect()).query(`SELECT * FROM rows_${rows}`).catch(() => {});
  }
  const page = await open(t, started);
  await page.until("document.getElementById('tiles').textContent.includes('Cut1')");
  await look(t, page, 'workers');
});

t.test(`${SCALE.shownSessions} sessions`, async (t) => {
  const started = await startAdministered(t, { limits: { rows: null } });
  const clients: DemoClient[] = [];
  t.teardown(() => clients.forEach((client) => client.close()));
  for (let count = 0; count < SCALE.shownSessions; count += 50) {
    clients.push(...await Promise.all(Array.from({ length: 50 }, (_, index) => DemoClient.connect({
      host: '127.0.0.1', port: started.program.port, user: `app${index % 7}`, schema: 'demo', program: 'pool',
    }))));
  }
  await stall(clients[7]!);
  const page = await open(t, started);
  await page.until(BADGE);
  t.equal(await page.evaluate("document.querySelectorAll('#sessions tr').length"), 1, 'idle ones are one line');
  await page.evaluate("document.getElementById('idle').click()");
  await page.until("document.querySelectorAll('#sessions tr').length === 50");
  await look(t, page, 'many');
});
