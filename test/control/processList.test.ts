import t from 'tap';
import { sightingOf } from '../../src/control/processList.js';

const process = { connectionId: 7, user: 'app', localAddress: '10.0.0.1', localPort: 4711 };

const sightings: readonly [string, (string | null)[], string][] = [
  ['our user and address', ['app', '10.0.0.1:4711', 'Query'], 'running'],
  ['a prepared statement', ['app', '10.0.0.1:4711', 'Execute'], 'running'],
  ['nothing that runs', ['app', '10.0.0.1:4711', 'Sleep'], 'idle'],
  ['a name in place of the address', ['app', 'db-client.example.com:4711', 'Query'], 'running'],
  ['our address as an IPv6 one', ['app', '::ffff:10.0.0.1:4711', 'Query'], 'running'],
  ['another user', ['apq', '10.0.0.1:4711', 'Query'], 'other'],
  ['a user in other letters', ['App', '10.0.0.1:4711', 'Query'], 'other'],
  ['another port', ['app', '10.0.0.1:4712', 'Query'], 'other'],
  ['another address with our port', ['app', '10.0.0.2:4711', 'Query'], 'other'],
  ['an IPv6 address with our port', ['app', '2001:db8::1:4711', 'Query'], 'other'],
  ['no port', ['app', 'localhost', 'Query'], 'other'],
  ['no host', ['app', null, 'Query'], 'other'],
];
for (const [what, row, sighting] of sightings) {
  t.test(`says "${sighting}" for a process list that shows ${what}`, async (t) => {
    t.equal(sightingOf(row, process), sighting);
  });
}

t.test('compares IPv6 addresses in any spelling', async (t) => {
  const ours = { ...process, localAddress: '2001:db8:0:0::1' };
  t.equal(sightingOf(['app', '2001:db8::1:4711', 'Query'], ours), 'running');
});
