import { encodePacket, HEADER_BYTES } from '../protocol/framing.js';
import { decodeCompletion, decodeErr, FirstByte, type ServerError } from '../protocol/packets.js';
import { PacketScanner, type Entry, type PacketStart } from '../protocol/packetScanner.js';
import { MAX_GREETING_BYTES } from '../protocol/greeting.js';
import { firstPacketOf } from './firstPacket.js';
import { endsRows, errorNumberIsThere, isProgressReport, WANTED_BYTES, type PacketRole } from './packetRole.js';
import { ResponseFollower } from './responseFollower.js';
import { noteColumns } from './resultColumns.js';
import { RowsEnd } from './rowsEnd.js';
import { skimRows } from './rowSkim.js';
import type { ServerStop } from './serverStop.js';
import type { Usage } from './command.js';
import type { ConversationState } from './state.js';

/** Reads the packets of the server: its greeting, the authentication, then the responses. */
export class ServerReader<U extends Usage = Usage> extends PacketScanner {
  stopReason: ServerStop = 'none';
  /** The sequence id of the last packet that was seen, whether the scan stopped at it or has passed it. */
  sequenceId = 0;
  /** The size of the row packet at which the scan stopped, in bytes with the header; 0 if it did not stop at a row. */
  stoppedPacketBytes = 0;
  /** The scan stopped in the middle of a row that spans packets. */
  isInsideRow = false;
  /** The scanned bytes are the rest of a cut response: they are counted, but do not go to the client. */
  isDiscarding = false;
  /** The server's error if `stopReason` is `refused`. */
  refusal: ServerError | null = null;

  /** While discarding: the packet that ended the rows of the result set in which discarding began. */
  rowsEnd: RowsEnd | null = null;

  private role: PacketRole = 'ignored';
  private rowBytes = 0;
  private isFileAdmitted = false;
  private readonly responses: ResponseFollower<U>;

  constructor(private readonly conversation: ConversationState<U>) {
    super();
    this.responses = new ResponseFollower(conversation);
  }

  /** The usage of the response under way; null between responses. */
  get usage(): U | null {
    return this.responses.usage;
  }

  /** Bytes of a row that are counted but have not arrived yet. */
  get rowBytesToCome(): number {
    return this.role === 'row' ? this.payloadLeft : 0;
  }

  /** Discards the rest of the response, beginning with the row at which the scan stopped. */
  discard(): void {
    this.isDiscarding = true;
    this.rowsEnd = null;
  }

  /** The next packet is the first answer to the command at the head of the queue. */
  get isAtResponse(): boolean {
    return this.isBetweenPackets && this.responses.isIdle && this.conversation.commands.length > 0;
  }

  /** A response has begun and has not ended. */
  get isInResponse(): boolean {
    return !this.responses.isIdle;
  }

  /** The request for a file at which the scan stopped may pass. */
  admitFile(): void {
    this.isFileAdmitted = true;
  }

  /** While discarding: the packet that says that there is no file. The server then continues without data. */
  refuseFile(): Buffer {
    this.conversation.isUploading = false;
    return encodePacket(this.sequenceId + 1, Buffer.alloc(0));
  }

  /** Ends the commands at the head of the queue that have no answer. */
  settleUnanswered(): void {
    this.responses.settleUnanswered();
  }

  override passAll(): void {
    super.passAll();
    this.rowsEnd = null;
    this.responses.forget();
  }

  override scan(chunk: Buffer, from: number, end: number): number {
    this.stopReason = 'none';
    this.responses.definitions.goOn(from);
    const decidedTo = super.scan(chunk, from, end);
    this.responses.scanned(chunk, decidedTo);
    return decidedTo;
  }

  protected override skim(chunk: Buffer, from: number, end: number): number {
    const { usage } = this.responses;
    if (this.responses.awaited !== 'row' || usage === null) return from;
    const rowsBefore = usage.rows;
    const at = skimRows(chunk, from, end, usage, !this.isDiscarding);
    if (usage.rows > rowsBefore) this.sequenceId = (chunk[from + 3]! + usage.rows - rowsBefore - 1) & 0xff;
    if (usage.countsColumns) noteColumns(usage, chunk, from, at, end, this.responses.definitions);
    if (rowsBefore === 0 && at > from) usage.firstRowAtMs = this.conversation.options.now();
    if (at <= end) return at;
    this.role = 'row';
    this.passRest(at - end);
    return end;
  }

  protected override begin(start: PacketStart): Entry {
    this.sequenceId = start.sequenceId;
    this.role = 'ignored';
    switch (this.conversation.phase) {
      case 'greeting':
        return this.beginGreeting(start);
      case 'response':
        // An ERR: the client took too long.
        if (start.firstByte !== FirstByte.ERR) {
          return this.giveUp(start, 'a packet before the client has answered the greeting');
        }
        return this.enterAs('authentication');
      case 'authentication':
        return this.enterAs('authentication');
      case 'commands':
        return this.beginResponsePacket(start);
      default:
        return 'enter';
    }
  }

  protected override continue(start: PacketStart): Entry {
    this.sequenceId = start.sequenceId;
    return this.role === 'row' ? this.countRow(start, true) : 'enter';
  }

  protected override packet(front: Buffer, packetBytes: number): boolean {
    const { conversation, responses } = this;
    switch (this.role) {
      case 'authentication':
        if (front[0] === FirstByte.ERR) conversation.refuseLogin(decodeErr(front));
        if (front[0] !== FirstByte.OK) return true;
        conversation.logIn(decodeCompletion(front, conversation.dialect.tracksSession));
        if (conversation.dialect.compression !== null) return this.stopFor('compressed');
        conversation.sessionBegun();
        break;
      case 'first':
        responses.first(front);
        return !this.isDiscarding || !conversation.isUploading || this.stopFor('fileWanted');
      case 'definition':
        responses.definition(this.start);
        return true;
      case 'text':
        responses.text();
        break;
      case 'completion':
        if (this.isDiscarding && responses.awaited === 'row') this.rowsEnd ??= new RowsEnd(front, packetBytes);
        responses.completion(decodeCompletion(front, conversation.dialect.tracksSession));
        break;
      case 'error':
        responses.error(decodeErr(front));
        break;
      default:
        return true;
    }
    const setUpStop = conversation.takeSetUpStop();
    if (setUpStop !== null) return this.stopFor(setUpStop);
    return !this.isDiscarding || responses.usage !== null || this.endDiscarding();
  }

  private beginGreeting(start: PacketStart): Entry {
    const payloadEnd = start.at + HEADER_BYTES + start.payloadLength;
    if (start.payloadLength > MAX_GREETING_BYTES) return this.giveUp(start, 'not a greeting of protocol 10');
    if (start.end < payloadEnd) return 'wait';
    const payload = start.chunk.subarray(start.at + HEADER_BYTES, payloadEnd);
    if (start.firstByte === FirstByte.ERR) {
      this.refusal = decodeErr(payload);
      this.stopFor('refused');
      return 'stop';
    }
    return this.conversation.greet(payload) ? 'enter' : this.giveUp(start, 'not a greeting of protocol 10');
  }

  private beginResponsePacket(start: PacketStart): Entry {
    const { responses } = this;
    if (responses.awaited === 'response') responses.start();
    const { firstByte } = start;
    // No length, definition or row begins with 0xFF, so this is always an error.
    if (firstByte === FirstByte.ERR) return this.beginError(start);
    switch (responses.awaited) {
      case 'row':
        if (this.isTerminator(start)) return this.enterAs('completion');
        return start.payloadLength > 0 ? this.countRow(start, false) : this.giveUp(start, 'an empty row');
      case 'definition':
        responses.definitions.begin(start.at);
        return this.enterAs('definition');
      case 'definitionsEnd':
        if (firstByte !== FirstByte.EOF) return this.giveUp(start, 'no EOF after the definitions');
        return this.enterAs('completion');
      case 'field':
        return this.isTerminator(start) ? this.enterAs('completion') : this.enterAs('ignored');
      case 'response':
        return this.beginResponse(start);
    }
  }

  private beginError(start: PacketStart): Entry {
    if (this.isDiscarding || !this.responses.usage?.stopsAtError) return this.enterAs('error');
    if (!errorNumberIsThere(start)) return 'wait';
    const isReport = this.conversation.dialect.reportsProgress && isProgressReport(start);
    return isReport ? this.enterAs('error') : this.stopAt('error');
  }

  /** The first packet of a response, or of a further response of the same command. */
  private beginResponse(start: PacketStart): Entry {
    const found = firstPacketOf(this.responses.shape, start);
    switch (found) {
      case 'fileRequest':
        return this.beginFileRequest(start);
      case 'stream':
        this.conversation.passAll('stream');
        return 'stop';
      case 'completion':
      case 'first':
      case 'text':
      case 'ignored':
        return this.enterAs(found);
      default:
        return this.giveUp(start, found.problem);
    }
  }

  private beginFileRequest(start: PacketStart): Entry {
    if (!this.isFileAdmitted) return this.stopAt('fileRequest');
    this.isFileAdmitted = false;
    // The server already has commands that were sent ahead, and reads them as the file's content.
    const isAlone = this.conversation.commands.length === 1;
    if (!isAlone) return this.giveUp(start, 'a request for a file after which commands were sent ahead');
    return this.enterAs('first');
  }

  private enterAs(role: PacketRole): Entry {
    this.role = role;
    this.want(WANTED_BYTES[role]);
    return 'enter';
  }

  private isTerminator(start: PacketStart): boolean {
    return endsRows(start, this.conversation.dialect.deprecatesEof);
  }

  /** Counts one physical packet of a row, unless it breaks a limit. */
  private countRow(start: PacketStart, isContinuation: boolean): Entry {
    const usage = this.responses.usage!;
    const packetBytes = HEADER_BYTES + start.payloadLength;
    if (!this.isDiscarding) {
      this.isInsideRow = isContinuation;
      this.stoppedPacketBytes = packetBytes;
      if (!isContinuation && usage.rows >= usage.maxRows) return this.stopAt('rows');
      if (usage.bytes + packetBytes > usage.maxBytes) return this.stopAt('bytes');
    }
    if (usage.rows === 0) usage.firstRowAtMs = this.conversation.options.now();
    if (!isContinuation) {
      usage.rows += 1;
      this.rowBytes = 0;
    }
    this.stoppedPacketBytes = 0;
    usage.bytes += packetBytes;
    this.rowBytes += packetBytes;
    if (this.rowBytes > usage.largestRowBytes) usage.largestRowBytes = this.rowBytes;
    this.role = 'row';
    return 'enter';
  }

  private endDiscarding(): boolean {
    this.isDiscarding = false;
    return this.stopFor('drained');
  }

  private stopAt(reason: ServerStop): Entry {
    this.stopReason = reason;
    return 'stop';
  }

  /** Stops after a packet. Returns the value with which `packet` stops the scan. */
  private stopFor(reason: ServerStop): false {
    this.stopReason = reason;
    return false;
  }

  private giveUp(start: PacketStart, reason: string): Entry {
    const { chunk, at, end } = start;
    const awaited = this.conversation.phase === 'commands' ? this.responses.awaited : this.conversation.phase;
    const offsetBytes = this.streamOffset(at);
    const hex = chunk.toString('hex', at, Math.min(end, at + 16));
    this.conversation.giveUp({ direction: 'server', reason, awaited, offsetBytes, hex });
    return 'stop';
  }
}
