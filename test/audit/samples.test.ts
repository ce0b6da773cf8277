import t from 'tap';
import { startAdministered } from '../admin/administered.js';

t.test('records every result above the floor, whether a limit cuts it or not', async (t) => {
  const { connect, program, metric } = await startAdministered(
    t, { limits: { rows: 500 }, audit: { sample: { rows: 50 } } },
  );
  const client = await connect();
  for (const rows of [10, 50, 51, 400]) await client.query(`SELECT * FROM rows_${rows}`);
  await client.query('SELECT * FROM rows_900').catch(() => {});
  t.equal(await metric('sluice_samples_total{rule="default",reason="rows"}'), 2);
  client.close();
  program.kill('SIGTERM');
  const records = (await program.ended).stdout.trim().split('\n').map((line) => JSON.parse(line));
  t.match(records, [
    { action: 'sample', reason: 'rows', rows: 51, limit: { rows: 50, bytes: null }, standsFor: 1, droppedSamples: 0 },
    { action: 'sample', rows: 400, outcome: 'completed', complete: true },
    { action: 'cut', rows: 900, limit: { rows: 500 } },
  ]);
  t.equal(records.length, 3);
});

t.test('records about one of every oneIn results below the floor', async (t) => {
  const { connect, program } = await startAdministered(t, { audit: { sample: { oneIn: 4, perSecond: 10_000 } } });
  const client = await connect();
  for (let i = 0; i < 400; i += 1) await client.query('SELECT * FROM rows_3');
  client.close();
  program.kill('SIGTERM');
  const records = (await program.ended).stdout.trim().split('\n').map((line) => JSON.parse(line));
  t.match(records[0], { action: 'sample', reason: 'chance', rows: 3, standsFor: 4 });
  // 100 on average, with a standard deviation of 9: seven of those lie between the bounds and the average.
  t.ok(records.length > 40 && records.length < 160, `${records.length} of 400`);
});

t.test('leaves out samples beyond perSecond, counts them and says so in the log', async (t) => {
  const { connect, program, metric } = await startAdministered(t, { audit: { sample: { rows: 0, perSecond: 1 } } });
  const client = await connect();
  const asked = 50;
  for (let i = 0; i < asked; i += 1) await client.query('SELECT * FROM rows_1');
  const written = await metric('sluice_samples_total{rule="default",reason="rows"}');
  const dropped = await metric('sluice_samples_dropped_total');
  t.ok(written > 0 && dropped > 0);
  t.equal(written + dropped, asked);
  t.match(await program.said(/samples are left out: more are due than audit\.sample\.perSecond/), { perSecond: 1 });
  client.close();
  program.kill('SIGTERM');
  t.match(await program.said(/^audit: samples were left out$/), { droppedSamples: dropped });
  t.equal((await program.ended).stdout.trim().split('\n').length, written);
});
