import type { Test } from 'tap';
import { Command } from '../../src/protocol/commands.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { Status } from '../../src/protocol/status.js';
import { startScriptedServer } from './scriptedServer.js';

/** The answer to a statement that has no result, outside a transaction. */
export const OK = encodePacket(1, Buffer.from([0, 0, 0, Status.AUTOCOMMIT, 0, 0, 0]));

/** A server that answers every statement with OK, a moment later, and counts the statements. */
export interface CountingServer {
  readonly port: number;
  readonly given: number;
}

export const startCountingServer = async (t: Test): Promise<CountingServer> => {
  let given = 0;
  const { port } = await startScriptedServer(t, async (connection) => {
    if (await connection.login() === null) return;
    for (let packet = await connection.packet(); packet !== null; packet = await connection.packet()) {
      if (packet.payload[0] !== Command.QUERY) continue;
      given += 1;
      await new Promise((resolve) => setImmediate(resolve));
      connection.send(OK);
    }
    connection.end();
  });
  return {
    port,
    get given() {
      return given;
    },
  };
};
