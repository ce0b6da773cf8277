import { EOF_PAYLOAD_BYTES, FirstByte } from '../protocol/packets.js';
import { PacketReader } from '../protocol/lenenc.js';
import { Status } from '../protocol/status.js';

/** The packet that ended the rows of a result set: an EOF, or an OK that begins with 0xFE. */
export class RowsEnd {
  private readonly front: Buffer;
  private readonly isWhole: boolean;

  /**
   * @param front the front of the payload; it is copied
   * @param payloadBytes the length of the whole payload
   */
  constructor(front: Buffer, payloadBytes: number) {
    this.front = Buffer.from(front);
    this.isWhole = front.length === payloadBytes;
  }

  /**
   * The payload of this end for a client that gets no further packet of the response: with one more warning, and
   * without the flags that announce more. Session state keeps the form in which the server sent it. Incomplete session
   * state is left out, and so is its flag.
   * @param isLastFetch the rows are of a cursor, and the client is told that they are the last ones
   * @returns null if the packet cannot be read
   */
  asLast(isLastFetch: boolean): Buffer | null {
    const { front, isWhole } = this;
    const isEof = front[0] === FirstByte.EOF && front.length === EOF_PAYLOAD_BYTES;
    const reader = new PacketReader(front, 1, front.length);
    if (!isEof) {
      reader.lenenc(); // affected rows
      reader.lenenc(); // last insert id
    }
    if (reader.failed || reader.left < 4) return null;
    // 0xFE | warnings | status, or 0xFE | … | status | warnings [| info and session state]
    const [statusAt, warningsAt] = isEof ? [3, 1] : [reader.offset, reader.offset + 2];
    const payload = Buffer.from(isWhole ? front : front.subarray(0, warningsAt + 2));
    const cleared = isWhole ? ANNOUNCES_MORE : ANNOUNCES_MORE | Status.SESSION_STATE_CHANGED;
    const status = payload.readUInt16LE(statusAt) & ~cleared;
    payload.writeUInt16LE(isLastFetch ? status | Status.LAST_ROW_SENT : status, statusAt);
    payload.writeUInt16LE(Math.min(payload.readUInt16LE(warningsAt) + 1, 0xffff), warningsAt);
    return payload;
  }
}

/** The flags that make a client wait for more: further results, OUT parameters, rows of a cursor. */
const ANNOUNCES_MORE = Status.MORE_RESULTS_EXISTS | Status.PS_OUT_PARAMS | Status.CURSOR_EXISTS;
