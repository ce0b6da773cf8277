import t, { type Test } from 'tap';
import { isMissing } from '../support/drivers.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { type AuditRecord, type Sluice, startSluice } from '../support/sluice.js';
import { rowsOfLines, PAGE_ROWS, PAGES, TAGGING_PROGRAMS } from '../support/taggingPrograms.js';

const SELECT = `SELECT id, label FROM numbers WHERE id <= ${PAGE_ROWS}`;
/** A rule for reports alone; what passes leaves a warning. */
const CONFIG = {
  limits: { rows: null }, warn: { rows: PAGE_ROWS - 1 }, streaming: { signals: [] },
  rules: [
    { name: 'reports', match: { tags: { route: '*reports/*' } }, limits: { rows: 10 } },
    { name: 'reports-of-rails', match: { tags: { controller: 'reports' } }, limits: { rows: 10 } },
  ],
};

const kinds = await Promise.all(SERVER_KINDS.map(async (kind) => {
  const server = await startServer(t, kind);
  return { kind, sluice: await startSluice(t, { upstream: server.port, config: CONFIG }) };
}));

const traceIdOf = (number: number): string => number.toString(16).padStart(32, 'a');
const traceparent = (traceId: string): string => `00-${traceId}-00f067aa0ba902b7-01`;

/** The record with a trace; waits for it. */
const recordOf = async (sluice: Sluice, traceId: string): Promise<AuditRecord> => {
  for (;;) {
    const found = sluice.records().find((record) => record.traceId === traceId);
    if (found !== undefined) return found;
    await sluice.nextRecord();
  }
};

/** Checks that the records of both pages, one cut and the other not, say where they are from. */
const checkRecords = async (
  t: Test, sluice: Sluice, traceIds: readonly string[], tags: (page: string) => object,
): Promise<void> => {
  const [cutId = '', passedId = ''] = traceIds;
  // One after the other: only one may wait for the next record.
  const cut = await recordOf(sluice, cutId);
  const passed = await recordOf(sluice, passedId);
  t.match(cut, { action: 'cut', rule: /^reports/, tags: tags('reports'), forwardedRows: 10, sampled: true });
  t.match(passed, { action: 'warn', rule: 'default', tags: tags('invoices'), rows: PAGE_ROWS, sampled: true });
};

await Promise.all(TAGGING_PROGRAMS.map((program) => {
  const title = `a rule by route cuts that route of ${Object.keys(program.routes).join(' and ')} and no other`;
  return t.test(title, { skip: isMissing(program) }, async (t) => {
    const seen = await program.read(kinds.map(({ sluice }) => sluice.port));
    for (const { kind, sluice } of kinds) {
      for (const [framework, routeOf] of Object.entries(program.routes)) {
        // MariaDB's server does not take query attributes, so Connector/J sends none.
        if (framework === 'Connector/J' && kind === 'mariadb') continue;
        const pages = seen.filter((one) => one.framework === framework && one.port === sluice.port);
        t.strictSame(pages.map(({ page, rows, error }) => ({ page, rows, error })), [
          { page: 'reports', rows: null, error: 3170 }, { page: 'invoices', rows: PAGE_ROWS, error: null },
        ], `${framework}, ${kind}`);
        await checkRecords(t, sluice, pages.map(({ traceId }) => traceId), (page) => ({ route: routeOf(page) }));
      }
    }
  });
}));

/** What Rails puts after a statement by its two formats, with a trace as a tag of the application's own. */
const RAILS: readonly ((page: string, traceId: string) => string)[] = [
  (page, traceId) =>
    `/*action='index',application='Shop',controller='${page}',traceparent='${traceparent(traceId)}'*/`,
  (page, traceId) => `/*application:Shop,controller:${page},action:index,traceparent:${traceparent(traceId)}*/`,
];

for (const { kind, sluice } of kinds) {
  await t.test(`a rule by controller cuts that controller of Rails and no other, in front of ${kind}`, async (t) => {
    const statements = RAILS.flatMap((comment, format) => PAGES.map((page, index) =>
      `${SELECT} ${comment(page, traceIdOf(10 * format + index))};`));
    t.equal(await rowsOfLines(kind, sluice.port, statements), RAILS.length * PAGE_ROWS);
    for (const format of RAILS.keys()) {
      await checkRecords(t, sluice, PAGES.map((_, index) => traceIdOf(10 * format + index)), (controller) =>
        ({ application: 'Shop', controller, action: 'index' }));
    }
  });
}

const mysql9 = kinds.find(({ kind }) => kind === 'mysql')!;
await t.test('a rule by route cuts what `mysql` sends with that route in query_attributes', async (t) => {
  const { sluice } = mysql9;
  const lines = PAGES.flatMap((page, index) => [
    `query_attributes route /${page}/7 traceparent ${traceparent(traceIdOf(100 + index))};`, `${SELECT};`,
  ]);
  t.equal(await rowsOfLines('mysql', sluice.port, lines), PAGE_ROWS);
  await checkRecords(t, sluice, PAGES.map((_, index) => traceIdOf(100 + index)), (page) => ({ route: `/${page}/7` }));
});
