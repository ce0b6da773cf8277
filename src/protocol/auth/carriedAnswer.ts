import { Capability } from '../capabilities.js';
import { PacketReader } from '../lenenc.js';

/** Where a HandshakeResponse41 or COM_CHANGE_USER carries the first answer of an authentication plugin. */
export interface CarriedAnswer {
  /** Empty where the packet names none. */
  readonly plugin: string;
  /** The answer with its length in front, or the NUL behind it: [answerAt, answerEnd). */
  readonly answerAt: number;
  readonly answerEnd: number;
  /** The plugin's name with the NUL behind it: [pluginAt, pluginEnd). */
  readonly pluginAt: number;
  readonly pluginEnd: number;
}

/** No plugin has this name, so that a server asks for the one that the account has. */
const NO_PLUGIN = Buffer.from('none\0');
/** An empty answer in all three forms that it may have: no bytes, or a NUL. */
const NO_ANSWER = Buffer.alloc(1);
const RESPONSE_USER_OFFSET = 32;

/**
 * Finds the answer in a packet's payload. Returns null where the packet ends before it.
 * @param isUserChange whether it is a COM_CHANGE_USER, its command byte included, or else a HandshakeResponse41
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
 * The same packet without its answer, and with the name of a plugin that does not exist: the server then asks for the
 * account's own in an AuthSwitchRequest, and the answer comes in a packet of its own.
 */
export function withoutAnswer(payload: Buffer, carried: CarriedAnswer): Buffer {
  return Buffer.concat([
    payload.subarray(0, carried.answerAt), NO_ANSWER,
    payload.subarray(carried.answerEnd, carried.pluginAt), NO_PLUGIN,
    payload.subarray(carried.pluginEnd),
  ]);
}
