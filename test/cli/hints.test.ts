import t from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { startDemoServer } from '../../src/demo/server.js';
import { startSluice } from '../support/sluice.js';

t.test('the last line of the log counts followed, forbidden and malformed hints', async (t) => {
  const server = await startDemoServer({ host: '127.0.0.1', port: 0 });
  t.teardown(() => server.close());
  const sluice = await startSluice(t, { upstream: server.address.port });
  const client = await DemoClient.connect(
    { host: '127.0.0.1', port: sluice.port, user: 'demo', schema: 'demo', program: 'hints' });
  for (const hint of ['rows=5', 'rows=6', 'bytes=1TiB', 'rows=many']) {
    await client.query(`/* sluice: ${hint} */ SELECT * FROM orders LIMIT 2`);
  }
  await client.close();
  t.equal(await sluice.stop(), 0);
  t.match(sluice.log().at(-1), { msg: 'stopped', hints: { followed: 2, forbidden: 1, malformed: 1 } });
});
