import type { DemoClient, ResultSummary } from '../../demo/client.js';
import { count, countOf, duration, size } from '../../report/amounts.js';
import type { Page } from './page.js';
import type { Stage } from './stage.js';
import { sleep } from '../../world/sleep.js';
import { world } from '../../world/world.js';

// The scenes of the demo. Each scene runs, is measured and described, and returns whether all its promises were kept.

type Scene = (stage: Stage, page: Page) => Promise<boolean>;

/** Writes findings on the page, and remembers whether all were good. */
class Findings {
  areGood = true;

  constructor(private readonly page: Page) {}

  note(isGood: boolean, text: string): void {
    this.areGood &&= isGood;
    this.page.finding(isGood, text);
  }
}

interface Timed {
  readonly result: ResultSummary;
  readonly ms: number;
}

async function timed(client: DemoClient, sql: string): Promise<Timed> {
  const startedAt = world.nowMs();
  const result = await client.query(sql);
  return { result, ms: world.nowMs() - startedAt };
}

function isSame(one: ResultSummary, other: ResultSummary): boolean {
  const isEqual = one.rows === other.rows && one.bytes === other.bytes && one.sha256 === other.sha256;
  return isEqual && one.error === null && other.error === null;
}

/** The server's answer without a proxy. */
async function directly(stage: Stage, sql: string): Promise<ResultSummary> {
  const client = await stage.connect(stage.server.address);
  const result = await client.query(sql);
  await client.close();
  return result;
}

const smallResult: Scene = async (stage, page) => {
  const sql = `SELECT * FROM orders LIMIT ${Math.min(100, stage.config.limits.rows)}`;
  page.heading('1. A small result passes');
  page.command(sql);
  const findings = new Findings(page);
  const expected = await directly(stage, sql);
  const client = await stage.connect(stage.enforcing.address);
  const { result, ms } = await timed(client, sql);
  await client.close();
  const same = isSame(result, expected);
  const amount = `${countOf(result.rows, 'row')}, ${size(result.bytes)} in ${duration(ms)}`;
  findings.note(same, `${amount}: ${same ? 'the same bytes as' : 'NOT what comes'} without the proxy`);
  return findings.areGood;
};

/** Reads the demo's large table. */
const OVERSIZED_SQL = 'SELECT * FROM events';

const oversizedResult: Scene = async (stage, page) => {
  page.heading('2. An oversized one is cut');
  page.command(OVERSIZED_SQL);
  const findings = new Findings(page);
  const { limits, onExceed } = stage.config;
  const client = await stage.connect(stage.enforcing.address);
  const { result, ms } = await timed(client, OVERSIZED_SQL);
  const { error } = result;
  const isWithin = result.rows <= limits.rows && result.bytes <= limits.bytes;
  const amount = `${countOf(result.rows, 'row')}, ${size(result.bytes)} in ${duration(ms)}`;
  const ending = error === null ? 'NO error' : 'an error in place of the next row:';
  findings.note(isWithin && error?.code === onExceed.error.code, `${amount}, then ${ending}`);
  if (error !== null) page.quote(`ERROR ${error.code} (${error.sqlState}): ${error.message}`);
  const after = await timed(client, 'SELECT 42');
  const goesOn = after.result.firstRow?.[0] === '42';
  const works = goesOn ? `works, once the rest is discarded: ${duration(after.ms)} later` : 'FAILS';
  findings.note(goesOn, `SELECT 42 on the same connection ${works}`);
  await client.close();
  const record = await stage.enforcing.records.next();
  const agrees = record?.action === 'cut' && record.forwardedRows === result.rows &&
    record.forwardedBytes === result.bytes;
  const verdict = agrees ? 'the audit record says so too:' : 'the audit record says something ELSE:';
  findings.note(agrees, record === null ? 'there is NO audit record' : verdict);
  if (record !== null) page.record(record);
  return findings.areGood;
};

const auditMode: Scene = async (stage, page) => {
  page.heading('3. In audit mode nothing is cut, only recorded');
  page.command(OVERSIZED_SQL);
  const findings = new Findings(page);
  const expected = await directly(stage, OVERSIZED_SQL);
  const client = await stage.connect(stage.auditing.address);
  const { result, ms } = await timed(client, OVERSIZED_SQL);
  await client.close();
  const same = isSame(result, expected);
  const amount = `${countOf(result.rows, 'row')}, ${size(result.bytes)} in ${duration(ms)}`;
  findings.note(same, `${amount}: ${same ? 'the same bytes as' : 'NOT what comes'} without the proxy`);
  const record = await stage.auditing.records.next();
  const agrees = record?.action === 'would-cut' && record.rows === result.rows &&
    record.bytes === result.bytes;
  const noted = `${record?.action}, ${countOf(record?.rows ?? 0, 'row')}, ${size(record?.bytes ?? 0)}`;
  findings.note(agrees, record === null ? 'there is NO audit record' : `the audit record says: ${noted}`);
  return findings.areGood;
};

const STREAMED_SQL = 'SELECT * FROM rows_250000_of_1000';
const PAUSE_AFTER_ROWS = 1;
const SAMPLE_MS = 100;
const STILL_SAMPLES = 5;
const MAX_SAMPLES = 300;
/** The time for which the reader keeps sleeping after the server has stopped sending. */
const SLEEP_MS = 1000;
/**
 * The largest growth of memory that is accepted. A connection holds at most two read buffers, besides the kernel's
 * socket buffers.
 */
const MAX_GROWTH_BYTES = 24 * 1024 * 1024;

const slowReader: Scene = async (stage, page) => {
  page.heading('4. Without a limit, a slow reader loses nothing and costs no memory');
  page.command(STREAMED_SQL);
  const findings = new Findings(page);
  const expected = await directly(stage, STREAMED_SQL);
  const client = await stage.connect(stage.unlimited.address);
  const sentBefore = stage.server.sentBytes;
  const memoryBefore = process.memoryUsage.rss();
  const pause = async (): Promise<void> => {
    const startedAt = world.nowMs();
    const sent = await standstill(stage) - sentBefore;
    await sleep(SLEEP_MS);
    const sentSince = stage.server.sentBytes - sentBefore - sent;
    const grown = process.memoryUsage.rss() - memoryBefore;
    const asleep = duration(world.nowMs() - startedAt);
    findings.note(
      sentSince === 0 && sent < expected.bytes / 2,
      `the reader sleeps for ${asleep} after its first row: the server has sent ${size(sent)} of ` +
        `${size(expected.bytes)}, which the kernel holds, and ` +
        (sentSince === 0 ? 'waits' : `DOES NOT wait: ${size(sentSince)} more`),
    );
    const change = grown < 0 ? `shrank by ${size(-grown)}` : `grew by ${size(grown)}`;
    const isBounded = grown < MAX_GROWTH_BYTES;
    findings.note(isBounded, `meanwhile this process, with server, proxy and reader, ${change}`);
  };
  const result = await client.query(STREAMED_SQL, (rows) => {
    return rows === PAUSE_AFTER_ROWS ? pause() : undefined;
  });
  await client.close();
  const same = isSame(result, expected);
  const amount = `it reads on: ${count(result.rows)} of ${countOf(expected.rows, 'row')}, ${size(result.bytes)}`;
  findings.note(same, `${amount}, checksum ${same ? 'the same as' : 'DIFFERS from that'} without the proxy`);
  return findings.areGood;
};

/** Waits until the server has stopped sending for a while. Resolves with the number of bytes that it has sent. */
async function standstill(stage: Stage): Promise<number> {
  let sent = -1;
  for (let still = 0, samples = 0; still < STILL_SAMPLES && samples < MAX_SAMPLES; samples += 1) {
    still = stage.server.sentBytes === sent ? still + 1 : 0;
    sent = stage.server.sentBytes;
    await sleep(SAMPLE_MS);
  }
  return sent;
}

/** All scenes, in their order. */
export const scenes: readonly Scene[] = [smallResult, oversizedResult, auditMode, slowReader];
