import { decodeErr } from '../protocol/packets.js';

/** The server answered with an ERR packet. */
export class ServerRefusal extends Error {
  /** The server's error number, such as 1045. */
  readonly code: number;

  /** @param payload an ERR packet's */
  constructor(payload: Buffer) {
    const { code, message } = decodeErr(payload);
    super(`${message.slice(0, MAX_MESSAGE_CHARACTERS)} (error ${code})`);
    this.code = code;
  }
}

/** Enough for the messages of servers, and short enough for a line of the log. */
const MAX_MESSAGE_CHARACTERS = 500;
