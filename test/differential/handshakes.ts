import { HEADER_BYTES } from '../../src/protocol/framing.js';

// The places of the capability flags in the first packet of each end, read as the protocol's documentation says.

/** A greeting without these bits, as the client has to get it. Returns other bytes unchanged. */
export const greetingWithout = (stream: Buffer, cleared: bigint): Buffer => {
  const changed = Buffer.from(stream);
  if (stream[HEADER_BYTES] !== 0x0a) return changed;
  const fixed = stream.indexOf(0, HEADER_BYTES + 1) + 1;
  const isMariadb = (stream[fixed + 13]! & 1) === 0; // announces bits beyond the 32nd
  const fields = [{ at: fixed + 13, shift: 0n }, { at: fixed + 18, shift: 16n },
    ...(isMariadb ? [{ at: fixed + 27, shift: 32n }, { at: fixed + 29, shift: 48n }] : [])];
  for (const { at, shift } of fields) {
    changed.writeUInt16LE(stream.readUInt16LE(at) & ~Number((cleared >> shift) & 0xffffn) & 0xffff, at);
  }
  return changed;
};

/** A client's answer to the greeting without these bits, as the server has to get it. */
export const responseWithout = (stream: Buffer, cleared: bigint): Buffer => {
  const changed = Buffer.from(stream);
  if (stream.length < HEADER_BYTES + 32) return changed;
  const clear = (at: number, bits: bigint): void => {
    changed.writeUInt32LE(Number(BigInt(stream.readUInt32LE(at)) & ~bits & 0xffff_ffffn), at);
  };
  clear(HEADER_BYTES, cleared & 0xffff_ffffn);
  const isMysql = (stream[HEADER_BYTES]! & 1) === 1;
  if (!isMysql) clear(HEADER_BYTES + 28, cleared >> 32n);
  return changed;
};
