import t from 'tap';
import { Capability } from '../../src/protocol/capabilities.js';
import { decodeGreeting } from '../../src/protocol/greeting.js';
import { startAdministered } from '../admin/administered.js';
import { makeAuthority } from '../support/certificates.js';
import { RawClient } from '../support/rawClient.js';

t.test('encrypts new sessions as the new configuration says, and leaves live ones as they are', async (t) => {
  const authority = await makeAuthority(t);
  const started = await startAdministered(t);
  const live = await started.connect();
  const offersTls = async (): Promise<boolean> => {
    const client = await RawClient.connect(started.program.port);
    const { payload } = await client.packet();
    client.close();
    return (decodeGreeting(payload)!.capabilities & Capability.SSL) !== 0n;
  };
  t.notOk(await offersTls());
  const tls = { mode: 'optional', ...await authority.issue('localhost') };
  started.configure({ listen: { host: '127.0.0.1', port: 0, tls } });
  t.match(JSON.parse((await started.ask('/reload', { method: 'POST' })).body), { changed: ['listen'] });
  t.ok(await offersTls());
  t.equal((await live.query('SELECT * FROM rows_10')).rows, 10);
  const inClear = 'sluice_encryptions_total{leg="client",tls="none"}';
  const before = await started.metric(inClear);
  await started.connect();
  t.equal(await started.metric(inClear), before + 1, 'a client may still do without');
});
