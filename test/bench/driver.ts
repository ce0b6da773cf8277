// Makes load. A process of its own, which takes orders from its parent.
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Encrypt } from '../../src/control/packetChannel.js';
import { ControlConnection, type Remote } from '../../src/control/controlConnection.js';
import { attack } from './attacks.js';
import { LOAD_USER, LoadSession, executePacket, preparePacket, queryPacket } from './loadSession.js';
import type { Answer, Envelope, Order, Outcome } from './orders.js';
import { timesOf } from './times.js';

/** Sessions that stay open until they are released. */
let held: LoadSession[] = [];
/** The number of sessions that are opened at the same time. */
const OPENING = 32;

type Counts = Omit<Outcome, 'elapsedSeconds'>;

const obey = (order: Order): Promise<Counts> => {
  switch (order.kind) {
    case 'ask':
      return ask(order);
    case 'churn':
      return churn(order);
    case 'time':
      return time(order);
    case 'timeLogins':
      return timeLogins(order);
    case 'attack':
      return attack(order.attack, order.port, order.seconds).then((count) => ({ count, bytes: 0 }));
    case 'hold':
      return hold(order);
    case 'stall':
      return stall(order);
    case 'release':
      return release();
  }
};

type AskOrder = Extract<Order, { kind: 'ask' }>;

const ask = async ({ port, sessions, sql, until, rows, prepared, isCommented }: AskOrder): Promise<Counts> => {
  const opened = await openAll(port, sessions);
  const [first] = opened;
  if (first === undefined) return { count: 0, bytes: 0 };
  const command = prepared === true ? executePacket(await prepare(first, sql)) : queryPacket(sql);
  const responseBytes = await lengthOf(first, command, rows);
  const endsAtMs = 'seconds' in until ? performance.now() + until.seconds * 1000 : Infinity;
  let timesLeft = 'times' in until ? until.times : Infinity;
  let count = 0;
  await Promise.all(opened.map(async (session) => {
    if (prepared === true && session !== first) await prepare(session, sql);
    while (timesLeft > 0 && performance.now() < endsAtMs) {
      timesLeft -= 1;
      // The driver adds a comment either way, so that both loads cost it the same: a slower driver would make each
      // query cost the relay more.
      const withComment = isCommented === undefined ? command : commented(sql);
      await session.ask(isCommented === true ? withComment : command, responseBytes);
      count += 1;
    }
    await session.quit();
  }));
  return { count, bytes: count * responseBytes };
};

/** A query with a route, and with a trace that no other query has. */
const commented = (sql: string): Buffer => {
  commentCount += 1;
  const id = commentCount.toString(16).padStart(16, 'a');
  const route = `%2Freports%2F${commentCount % 10}`;
  return queryPacket(`${sql} /*framework='django%3A5.2',route='${route}',traceparent='00-${id}${id}-${id}-01'*/`);
};

let commentCount = 0;

const prepare = async (session: LoadSession, sql: string): Promise<number> => {
  const { firstPayload } = await session.askOpenly(preparePacket(sql), 'prepare');
  return firstPayload.readUInt32LE(1);
};

const lengthOf = async (session: LoadSession, command: Buffer, rows: AskOrder['rows']): Promise<number> => {
  if (rows === undefined) return (await session.askOpenly(command)).bytes;
  const { bytes } = await session.askOpenly(queryPacket(rows.oneRowSql));
  return bytes + (rows.count - 1) * rows.packetBytes;
};

const churn = async ({ port, sessions, sql, until }: Extract<Order, { kind: 'churn' }>): Promise<Counts> => {
  const command = queryPacket(sql);
  const endsAtMs = 'seconds' in until ? performance.now() + until.seconds * 1000 : Infinity;
  let timesLeft = 'times' in until ? until.times : Infinity;
  let count = 0;
  let bytes = 0;
  await Promise.all(Array.from({ length: sessions }, async () => {
    while (timesLeft > 0 && performance.now() < endsAtMs) {
      timesLeft -= 1;
      const session = await LoadSession.open(port);
      bytes += (await session.askOpenly(command)).bytes;
      await session.quit();
      count += 1;
    }
  }));
  return { count, bytes };
};

const time = async ({ port, sql, seconds }: Extract<Order, { kind: 'time' }>): Promise<Counts> => {
  const session = await LoadSession.open(port);
  const command = queryPacket(sql);
  const { bytes } = await session.askOpenly(command);
  const took = await timed(seconds, () => session.ask(command, bytes));
  await session.quit();
  return { count: took.length, bytes: took.length * bytes, times: timesOf(took) };
};

const LOGIN_TIMEOUT_MS = 30_000;

/** Encrypts a connection when the other end offers TLS. */
const encrypt: Encrypt = {
  isRequired: false,
  encrypt: async (socket) => {
    const encrypted = connect({ socket, rejectUnauthorized: false });
    await once(encrypted, 'secureConnect');
    return encrypted;
  },
};

const timeLogins = async ({ port, seconds }: Extract<Order, { kind: 'timeLogins' }>): Promise<Counts> => {
  const account = { user: LOAD_USER, password: '' };
  const remote: Remote = { at: { host: '127.0.0.1', port }, proxyProtocol: 'off', encrypt };
  const settings = { account, connectTimeoutMs: LOGIN_TIMEOUT_MS, answerTimeoutMs: LOGIN_TIMEOUT_MS, encrypt };
  const took = await timed(seconds, async () => {
    const connection = new ControlConnection(remote, settings);
    await connection.logIn();
    connection.quit();
  });
  return { count: took.length, bytes: 0, times: timesOf(took) };
};

/** Repeats a task, and returns how long each run took, in ms. */
const timed = async (seconds: number, once: () => Promise<void>): Promise<number[]> => {
  const took: number[] = [];
  const endsAtMs = performance.now() + seconds * 1000;
  for (let begunAtMs = performance.now(); begunAtMs < endsAtMs;) {
    await once();
    const nowMs = performance.now();
    took.push(nowMs - begunAtMs);
    begunAtMs = nowMs;
  }
  return took;
};

const hold = async ({ port, sessions, sql }: Extract<Order, { kind: 'hold' }>): Promise<Counts> => {
  const command = queryPacket(sql);
  const opened = await openAll(port, sessions, async (session) => {
    await session.askOpenly(command);
  });
  held = held.concat(opened);
  return { count: held.length, bytes: 0 };
};

const stall = async ({ port, sessions, sql, afterBytes }: Extract<Order, { kind: 'stall' }>): Promise<Counts> => {
  const command = queryPacket(sql);
  const opened = await openAll(port, sessions, (session) => session.stall(command, afterBytes));
  held = held.concat(opened);
  return { count: held.length, bytes: 0 };
};

const release = async (): Promise<Counts> => {
  const released = held;
  held = [];
  for (const session of released) session.destroy();
  return { count: released.length, bytes: 0 };
};

/** Opens sessions, a few at the same time, and runs a task with each before the next one opens. */
const openAll = async (
  port: number, count: number, then: (session: LoadSession) => Promise<void> = async () => {},
): Promise<LoadSession[]> => {
  const opened: LoadSession[] = [];
  let left = count;
  await Promise.all(Array.from({ length: OPENING }, async () => {
    while (left > 0) {
      left -= 1;
      const session = await LoadSession.open(port);
      opened.push(session);
      await then(session);
    }
  }));
  return opened;
};

process.on('message', ({ id, order }: Envelope) => {
  const startedAtMs = performance.now();
  obey(order).then(
    (counts): Answer => ({ id, outcome: { ...counts, elapsedSeconds: (performance.now() - startedAtMs) / 1000 } }),
    (error: unknown): Answer => ({ id, error: error instanceof Error ? error.message : String(error) }),
  ).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
