import { Command } from '../../src/protocol/commands.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { MAX_CONTENT_BYTES } from '../../src/protocol/compression.js';
import { encodePacket } from '../../src/protocol/framing.js';
import { deflatedFrame } from '../support/frames.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';
import { LOAD_SCHEMA, LOAD_USER } from './loadSession.js';

/** The number of clients that attack at the same time. */
const ATTACKERS = 4;
const COMMANDS_AT_ONCE = 64;

/** The name of the client's program, as long as servers accept. */
const LONG_NAME = { program_name: 'a'.repeat(60_000) };

/** Rules that are slow to compare with that name. */
export const SLOW_RULES = {
  rules: Array.from({ length: 1000 }, (_, number) => {
    const glob = `*${'a*'.repeat(20)}b${number}`;
    return { name: `slow-${number}`, match: { program: glob, schema: glob } };
  }),
};

/** As many COM_QUITs as fit into one frame, which is some 16 KB on the wire. */
const quitsFrame = (): Buffer => {
  const quit = encodePacket(0, Buffer.from([Command.QUIT]));
  return deflatedFrame(0, Buffer.alloc(MAX_CONTENT_BYTES - (MAX_CONTENT_BYTES % quit.length), quit));
};

const initSchema = (name: string): Buffer => Buffer.concat([Buffer.from([Command.INIT_DB]), Buffer.from(name)]);

const logIn = (
  port: number, capabilities: bigint, attributes: Readonly<Record<string, string>> = {},
): Promise<WireClient> =>
  WireClient.connect({ port, user: LOAD_USER, password: '', schema: LOAD_SCHEMA, capabilities, attributes });

/** Repeats an attack on a port until `isOver`. Returns how often it was made. */
type Assault = (port: number, isOver: () => boolean) => Promise<number>;

/** Small messages that cost a relay much. */
const ATTACKS = {
  quits: (): Assault => {
    const frame = quitsFrame();
    return async (port, isOver) => {
      let count = 0;
      for (; !isOver(); count += 1) {
        const client = await logIn(port, BASE_CAPABILITIES | Capability.COMPRESS);
        client.transport.socket.write(frame);
        await client.transport.closed();
      }
      return count;
    };
  },
  schemas: (): Assault => async (port, isOver) => {
    const commands = Array.from({ length: COMMANDS_AT_ONCE }, (_, number) =>
      initSchema(number % 2 === 0 ? 'information_schema' : LOAD_SCHEMA));
    const client = await logIn(port, BASE_CAPABILITIES, LONG_NAME);
    let count = 0;
    for (; !isOver(); count += COMMANDS_AT_ONCE) await client.ask(commands);
    await client.quit();
    return count;
  },
  logins: (): Assault => async (port, isOver) => {
    let count = 0;
    for (; !isOver(); count += 1) await (await logIn(port, BASE_CAPABILITIES, LONG_NAME)).quit();
    return count;
  },
};

export type Attack = keyof typeof ATTACKS;

/** Attacks what listens on `port` with several clients at the same time. Returns how often the attack was made. */
export const attack = async (name: Attack, port: number, seconds: number): Promise<number> => {
  const assault = ATTACKS[name]();
  const endsAtMs = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() >= endsAtMs;
  const counts = await Promise.all(Array.from({ length: ATTACKERS }, () => assault(port, isOver)));
  return counts.reduce((sum, count) => sum + count, 0);
};
