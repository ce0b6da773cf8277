import { Capability } from '../capabilities.js';
import { PacketReader } from '../lenenc.js';

/** The place of an authentication plugin's first answer in a HandshakeResponse41 or a COM_CHANGE_USER. */
export interface CarriedAnswer {
  /** Empty if the packet names no plugin. */
  readonly plugin: string;
  /** The answer, with the length before it or the NUL after it: [answerAt, answerEnd). */
  readonly answerAt: number;
  readonly answerEnd: number;
  /** The plugin's name with the NUL after it: [pluginAt, pluginEnd). */
  readonly pluginAt: number;
  readonly pluginEnd: number;
}

/** No plugin has this name. A server that gets it asks for the plugin of the account. */
const NO_PLUGIN = Buffer.from('none\0');
/** An empty answer in each of its three forms is no byte, or this NUL. */
const NO_ANSWER = Buffer.alloc(1);
const RESPONSE_USER_OFFSET = 32;

/**
 * Finds the answer in a packet's payload. Returns null if the packet ends before the answer does.
 * @param isUserChange true for a COM_CHANGE_USER, command byte included; false for a HandshakeResponse41
 */
export function carriedAnswer(payload: Buffer, capabilities: bigint, isUserChange: boolean): CarriedAnswer | null {
  const has = (bit: bigint): boolean => (capabilities & bit) !== 0n;
  const reader = new PacketReader(payload, isUserChange ? 1 : RESPONSE_USER_OFFSET, payload.length);
  reader.nulSlice(); // user
  const answerAt = reader.offset;
  if (!isUserChange && has(Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA)) reader.lenencSlice();
  else if (has(Capability.SECURE_CONNECTION)) reader.skip(reader.uint(1));
  else reader.nulSlice();
  const answerEnd = reader.offset;
  if (isUserChange || has(Capability.CONNECT_WITH_DB)) reader.nulSlice();
  if (isUserChange) reader.skip(2); // collation
  const pluginAt = reader.offset;
  const plugin = has(Capability.PLUGIN_AUTH) ? reader.nulSlice().toString('latin1') : '';
  if (reader.failed) return null;
  return { plugin, answerAt, answerEnd, pluginAt, pluginEnd: reader.offset };
}

/**
 * The same packet without its answer, and with a plugin name that no server knows. The server then sends an
 * AuthSwitchRequest for the account's own plugin, and the client answers in a packet of its own.
 */
export function withoutAnswer(payload: Buffer, carried: CarriedAnswer): Buffer {
  return Buffer.concat([
    payload.subarray(0, carried.answerAt), NO_ANSWER,
    payload.subarray(carried.answerEnd, carried.pluginAt), NO_PLUGIN,
    payload.subarray(carried.pluginEnd),
  ]);
}
