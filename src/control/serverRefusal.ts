import { decodeErr } from '../protocol/packets.js';

/** The server answered with an ERR packet. */
export class ServerRefusal extends Error {
  /** The server's number for the error, as 1045. */
  readonly code: number;

  /** @param payload an ERR packet's */
  constructor(payload: Buffer) {
    const { code, message } = decodeErr(payload);
    super(`${message.slice(0, MAX_MESSAGE_CHARACTERS)} (error ${code})`);
    this.code = code;
  }
}

/** Enough for whatever a server has to say, and for one line of the log. */
const MAX_MESSAGE_CHARACTERS = 500;
