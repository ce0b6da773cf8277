import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../../src/protocol/framing.js';

/** The command bytes in a client's uncompressed packets: a command has sequence id 0. */
export const commandsIn = (toServer: Buffer): Set<number> => {
  const commands = new Set<number>();
  let isContinued = false;
  for (let at = 0; at + HEADER_BYTES < toServer.length;) {
    const payloadBytes = toServer.readUIntLE(at, 3);
    const isCommand = toServer[at + 3] === 0 && payloadBytes > 0 && !isContinued;
    if (isCommand) commands.add(toServer[at + HEADER_BYTES]!);
    isContinued = payloadBytes === MAX_PAYLOAD_BYTES;
    at += HEADER_BYTES + payloadBytes;
  }
  return commands;
};
