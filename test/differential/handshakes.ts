import { HEADER_BYTES } from '../../src/protocol/framing.js';

// Where capability flags stand in the first packets of both ends, read by the letter of the protocol.

/** A greeting as it has to reach the client: without these bits. Anything but a greeting is returned as it is. */
export const greetingWithout = (stream: Buffer, cleared: bigint): Buffer => {
  const changed = Buffer.from(stream);
  if (stream[HEADER_BYTES] !== 0x0a) return changed;
  const fixed = stream.indexOf(0, HEADER_BYTES + 1) + 1;
  const isMariadb = (stream[fixed + 13]! & 1) === 0; // says that it has bits beyond the 32nd
  const fields = [{ at: fixed + 13, shift: 0n }, { at: fixed + 18, shift: 16n },
    ...(isMariadb ? [{ at: fixed + 27, shift: 32n }, { at: fixed + 29, shift: 48n }] : [])];
  for (const { at, shift } of fields) {
    changed.writeUInt16LE(stream.readUInt16LE(at) & ~Number((cleared >> shift) & 0xffffn) & 0xffff, at);
  }
  return changed;
};

/** A client's answer to the greeting as it has to reach the server: without these bits. */
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
