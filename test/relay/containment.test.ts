import { once } from 'node:events';
import t from 'tap';
import type { Metrics } from '../../src/telemetry/metrics.js';
import { DemoClient } from '../../src/demo/client.js';
import { startDemoServer } from '../../src/demo/server.js';
import { Command } from '../../src/protocol/commands.js';
import { type ProxyHere, startProxyHere } from '../support/inProcess.js';
import { RawClient } from '../support/rawClient.js';

// An unexpected error ends the session that throws it, and no other. The tests make a call of the session throw; each
// time Node.js has called the session from another place.

const fail = (): never => {
  throw new Error('made by the test');
};

/** Makes the next call of a method fail. */
const failOnce = (owner: object, method: string): void => {
  const value = (): never => {
    Reflect.deleteProperty(owner, method); // uncovers the method of the class
    return fail();
  };
  Object.defineProperty(owner, method, { value, configurable: true });
};

interface Fault {
  /** Makes a call of the next session fail. */
  readonly make: (metrics: Metrics, records: ProxyHere['records']) => void;
  /** The client's part: rejects, or ends its connection. */
  readonly meet: (port: number) => Promise<unknown>;
}

const connect = (port: number): Promise<DemoClient> =>
  DemoClient.connect({ host: '127.0.0.1', port, user: 'demo', schema: 'demo', program: 'test' });
const selectTwice = async (port: number): Promise<unknown> => {
  const client = await connect(port);
  await client.query('SELECT * FROM rows_20'); // its record is written after its end
  return client.query('SELECT * FROM rows_20');
};

const FAULTS: Record<string, Fault> = {
  'when a client is accepted': {
    make: (metrics) => Object.defineProperty(metrics, 'sessions', { get: fail, set: fail }),
    meet: connect,
  },
  'when the server has accepted the connection': {
    make: ({ upstreamConnectSeconds }) => failOnce(upstreamConnectSeconds, 'observe'),
    meet: connect,
  },
  'when a session begins': { make: ({ encryptions }) => failOnce(encryptions, 'increment'), meet: connect },
  'when the client has sent something': {
    make: ({ protocolErrors }) => failOnce(protocolErrors, 'increment'),
    async meet(port) {
      const client = await RawClient.login(port);
      client.send(Buffer.from([Command.PING]), 7);
      await client.packet();
    },
  },
  'when the server has sent something': { make: (_, records) => failOnce(records, 'push'), meet: selectTwice },
  'when both connections are closed': {
    make: (metrics) => failOnce(metrics, 'resultEnded'),
    async meet(port) {
      const client = await RawClient.login(port);
      client.command(Command.QUERY, 'SELECT * FROM rows_150000');
      await client.packet();
      client.socket.destroy();
      await once(client.socket, 'close');
      throw new Error('it has left');
    },
  },
};

const server = await startDemoServer();
t.teardown(() => server.close());

for (const [when, { make, meet }] of Object.entries(FAULTS)) {
  t.test(`an error thrown ${when} ends only that session, and is logged`, async (t) => {
    const here = await startProxyHere(server.address.port, { limits: { rows: 10 }, streaming: { signals: [] } });
    t.teardown(() => here.stop());
    const beside = await connect(here.port);
    make(here.metrics, here.records);
    await t.rejects(meet(here.port));
    while (here.proxy.sessionCount > 1) await new Promise(setImmediate);
    const errors = here.log.filter(({ level }) => level === 'error');
    t.match(errors, [{ err: { message: 'made by the test' } }]);
    t.equal((await beside.query('SELECT * FROM rows_5')).error, null, 'the one beside it goes on');
    await beside.close();
  });
}
