import { Command } from '../protocol/commands.js';
import { HEADER_BYTES } from '../protocol/framing.js';

/**
 * The request in a client's undecided bytes. `quit`: a COM_QUIT, alone or after commands that only close prepared
 * statements, so that the client loses nothing if the connection closes. `command`: anything else. `none`: no whole
 * command header has arrived yet.
 */
export function intentOf(bytes: Buffer): 'quit' | 'command' | 'none' {
  let at = 0;
  while (bytes.length - at > HEADER_BYTES) {
    const code = bytes[at + HEADER_BYTES];
    if (code === Command.QUIT && bytes.readUIntLE(at, 3) === 1) return 'quit';
    if (code !== Command.STMT_CLOSE) return 'command';
    at += HEADER_BYTES + bytes.readUIntLE(at, 3);
  }
  return 'none';
}
