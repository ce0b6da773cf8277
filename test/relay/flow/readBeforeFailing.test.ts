import t from 'tap';
import { Command } from '../../../src/protocol/commands.js';
import { decodeErr, encodeErr } from '../../../src/protocol/packets.js';
import { startProxyHere } from '../../support/inProcess.js';
import { RawClient } from '../../support/rawClient.js';
import { startScriptedServer } from '../../support/scriptedServer.js';

const TOO_LARGE = { code: 1153, sqlState: '08S01', message: 'Got a packet bigger than allowed' };
const LARGE_BYTES = 8 * 1024 * 1024;
/** Chance decides which of the two ends is read first. */
const TRIES = 5;

const ENDS = {
  'resets the connection': 'reset',
  'closes (FIN)': 'end',
} as const;

for (const [how, end] of Object.entries(ENDS)) {
  t.test(`relays what a server says that ${how} while its client still sends a command`, async (t) => {
    const server = await startScriptedServer(t, async (connection) => {
      if (await connection.login() === null) return;
      connection.socket.once('data', () => {
        connection.socket.pause();
        connection.socket.write(encodeErr(1, TOO_LARGE), () => connection[end]());
      });
    });
    const { port, stop } = await startProxyHere(server.port);
    t.teardown(stop);
    for (let i = 0; i < TRIES; i += 1) {
      const client = await RawClient.login(port);
      client.socket.on('error', () => undefined);
      client.command(Command.QUERY, Buffer.alloc(LARGE_BYTES, 'x'));
      t.match(decodeErr((await client.packet()).payload), TOO_LARGE);
      client.close();
    }
  });
}
