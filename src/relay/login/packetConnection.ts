import type { Socket } from 'node:net';
import type { Compression } from '../../protocol/compression.js';
import { wiping } from '../../protocol/auth/scrambles.js';
import { encodePacket, HEADER_BYTES } from '../../protocol/framing.js';
import { PacketSplitter } from '../../protocol/packetSplitter.js';
import { encodeErr, type ServerError } from '../../protocol/packets.js';
import type { FrameNumbers } from '../../protocol/frameNumbers.js';
import type { Peer } from '../../protocol/peer.js';
import { PacketFrames } from './packetFrames.js';

/**
 * One of a session's two connections during an exchange of whole packets. It gives each packet this connection's own
 * sequence id: after packets that only one of the connections has had, the ids of the two differ.
 */
export class PacketConnection {
  isEncrypted = false;

  private readonly splitter = new PacketSplitter(true);
  /** The bytes taken in the authentication under way. */
  private takenBytes = 0;
  private takenPackets = 0;
  private nextSequenceId = 0;
  /** Null while packets come without frames. */
  private frames: PacketFrames | null = null;

  /** @param socket the connection; the TLS socket once it is encrypted */
  constructor(public socket: Socket) {}

  /** Takes bytes, which belong to this object from then on. Returns false if they are more than allowed. */
  accept(chunk: Buffer): boolean {
    if (this.frames === null) return this.acceptPackets(chunk);
    const packets = this.frames.open(chunk);
    return packets !== null && this.acceptPackets(packets);
  }

  /**
   * Takes bytes of packets, without frames even on a compressed connection. Returns false if they are more than
   * allowed.
   */
  acceptPackets(chunk: Buffer): boolean {
    this.splitter.add(chunk);
    return this.takenBytes + this.splitter.waitingBytes <= MAX_BYTES;
  }

  /** From here on, all bytes in both directions are in frames. */
  beginFrames(peer: Peer, compression: Compression, numbers: FrameNumbers): void {
    this.frames = new PacketFrames(peer, compression, numbers, MAX_BYTES);
  }

  /** The next packet begins a command: only there do sequence ids begin at 0. */
  get isAtCommand(): boolean {
    return this.splitter.sequenceId === 0;
  }

  /** Takes the next packet; null if it has not come yet. */
  take(): WholePacket | null {
    const bytes = this.splitter.next();
    if (bytes === null) return null;
    this.takenBytes += bytes.length;
    this.takenPackets += 1;
    this.nextSequenceId = (bytes[3]! + 1) & 0xff;
    return { bytes, payload: bytes.subarray(HEADER_BYTES) };
  }

  /** Whether more bytes were taken than an authentication needs. */
  get isOverrun(): boolean {
    return this.takenPackets > MAX_PACKETS;
  }

  /** An authentication begins that is a command. Ids count from 0 again. */
  beginCommand(): void {
    this.nextSequenceId = 0;
    this.takenBytes = 0;
    this.takenPackets = 0;
  }

  /** Takes all bytes that are there. */
  rest(): Buffer {
    const rest = this.splitter.rest();
    return this.frames === null ? rest : this.frames.rest(rest);
  }

  /** Sends a packet with the next sequence id of this connection. */
  send(payload: Buffer): void {
    const packet = encodePacket(this.nextSequenceId, payload);
    const { frames } = this;
    const beginsCommand = this.nextSequenceId === 0;
    const sent = frames === null ? packet : wiping([packet], () => frames.wrap(packet, beginsCommand));
    // It may contain a password.
    if (this.isWritable) this.socket.write(sent, () => sent.fill(0));
    this.nextSequenceId = (this.nextSequenceId + 1) & 0xff;
  }

  /** Sends bytes as they are. */
  write(bytes: Buffer): void {
    if (this.isWritable) this.socket.write(bytes);
  }

  /** Makes an ERR packet with the next sequence id of this connection. */
  errorPacket(error: ServerError): Buffer {
    return encodeErr(this.nextSequenceId, error);
  }

  private get isWritable(): boolean {
    return !this.socket.destroyed && !this.socket.writableEnded;
  }
}

/** A packet with its header. */
export interface WholePacket {
  readonly bytes: Buffer;
  readonly payload: Buffer;
}

/**
 * The most bytes that a peer may send in one authentication, or before it is logged in. Kerberos tickets have up to 64
 * KiB, and no plugin needs more than a few packets.
 */
const MAX_BYTES = 256 * 1024;
const MAX_PACKETS = 256;
