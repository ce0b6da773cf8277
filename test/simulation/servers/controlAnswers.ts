import { encodePacket } from '../../../src/protocol/framing.js';
import { definitions, eof, err, ok, textRow } from '../../support/wirePackets.js';
import type { ServerConnection } from './serverConnection.js';

// The answers of a server to Sluice's own statements, over a control connection.

const LOOK = /FROM (\S+) WHERE ID = (\d+)$/;
const KILL = /^KILL QUERY (\d+)$/;

/** Answers a statement of the account that kills. */
export const answerControl = async (connection: ServerConnection, payload: Buffer): Promise<void> => {
  const { server: { plan, stage }, server } = connection;
  const sql = payload.toString('latin1', 1);
  const send = (...payloads: Buffer[]): void =>
    connection.write(Buffer.concat(payloads.map((one, index) => encodePacket(index + 1, one))));
  const [, , looked] = LOOK.exec(sql) ?? [];
  const [, killed] = KILL.exec(sql) ?? [];
  if (looked !== undefined) {
    await connection.sender.think(plan.control.lookMs);
    const shown = server.connections.get(Number(looked));
    const row = shown === undefined ? [] : [textRow(shown.user, shown.host, shown.isBusy ? 'Query' : 'Sleep')];
    send(Buffer.from([3]), ...definitions(3), eof(), ...row, eof());
  } else if (killed !== undefined) {
    stage.news.note('kill');
    await connection.sender.think(plan.control.killMs);
    if (plan.control.kills === 'denied') return send(err(1095, 'You are not owner of thread'));
    const isThere = server.kill(Number(killed));
    if (plan.control.kills === 'silent') return;
    send(isThere ? ok() : err(1094, `Unknown thread id: ${killed}`));
  } else if (sql.includes('net_write_timeout')) {
    send(Buffer.from([1]), ...definitions(1), eof(), textRow(String(Math.ceil(plan.netWriteTimeoutMs / 1000))), eof());
  } else {
    stage.violations.add('control statements', `${server.name} does not know Sluice's own statement ${sql}`);
    send(err(1064, 'You have an error in your SQL syntax'));
  }
};
