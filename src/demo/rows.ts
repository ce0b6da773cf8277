/**
 * Rows on the wire, made in blocks of many packets on demand. A block is made, yielded and dropped. A connection holds
 * one block and the bytes that its socket has not taken yet, however large the result is.
 */
import { HEADER_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/framing.js';
import { encodeLenenc } from '../protocol/lenenc.js';
import type { ResponseEncoder } from './encode.js';
import type { Cell, CellRelation, PayloadRelation, Relation } from './relation.js';
import { RowWriter } from './rowWriter.js';

/** Rows of the text protocol (COM_QUERY) or of the binary one (prepared statements). */
export type RowFormat = 'text' | 'binary';

const BLOCK_BYTES = 64 * 1024;

/** Yields the packets of the rows [`from`, `to`), many at a time. */
export function rowBlocks(
  encoder: ResponseEncoder, relation: Relation, format: RowFormat, from: number, to: number,
): Generator<Buffer> {
  if (relation.kind === 'cells') return cellRowBlocks(encoder, relation, format, from, to);
  return payloadRowBlocks(encoder, relation, format, from, to);
}

function* cellRowBlocks(
  encoder: ResponseEncoder, relation: CellRelation, format: RowFormat, from: number, to: number,
): Generator<Buffer> {
  const types = relation.columns.map((column) => column.type);
  const cells: Cell[] = [];
  const writer = new RowWriter(BLOCK_BYTES);
  for (let row = from; row < to; row += 1) {
    for (let column = 0; column < types.length; column += 1) cells[column] = relation.cell(row, column);
    const payloadStart = writer.length + HEADER_BYTES;
    writer.skip(HEADER_BYTES);
    if (format === 'text') writer.textRow(cells, types);
    else writer.binaryRow(cells, types);
    const payloadLength = writer.length - payloadStart;
    if (payloadLength < MAX_PAYLOAD_BYTES) {
      writer.patchHeader(payloadStart - HEADER_BYTES, payloadLength, encoder.nextSequenceId(1));
      if (writer.length >= BLOCK_BYTES) yield writer.take();
    } else {
      const block = writer.take();
      yield block.subarray(0, payloadStart - HEADER_BYTES);
      yield encoder.packet(block.subarray(payloadStart));
    }
  }
  if (writer.length > 0) yield writer.take();
}

/** The text of a payload runs through these characters. The number of the row chooses the first one. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const PATTERN_BYTES = 1024 * 1024;
const MAX_REPEATED_BLOCK_BYTES = 1024 * 1024;
/** After this many packets the sequence ids repeat, and so does the alphabet. */
const PERIOD_ROWS = 256;

let cachedPattern: Buffer | null = null;

/** The repeated alphabet, in whole repetitions, followed by its beginning once more. */
function pattern(): Buffer {
  cachedPattern ??= Buffer.from(ALPHABET.repeat(PATTERN_BYTES / ALPHABET.length + 1), 'latin1');
  return cachedPattern;
}

function* payloadRowBlocks(
  encoder: ResponseEncoder, relation: PayloadRelation, format: RowFormat, from: number, to: number,
): Generator<Buffer> {
  const length = encodeLenenc(relation.payloadBytes);
  // A binary row begins with 0x00 and a bitmap of its NULLs, one byte for one column.
  const prefix = format === 'text' ? length : Buffer.concat([Buffer.from([0, 0]), length]);
  const packetBytes = HEADER_BYTES + prefix.length + relation.payloadBytes;
  if (packetBytes * PERIOD_ROWS <= MAX_REPEATED_BLOCK_BYTES) {
    yield* repeatedBlocks(encoder, prefix, relation.payloadBytes, from, to);
    return;
  }
  for (let row = from; row < to; row += 1) yield* largeRow(encoder, prefix, relation.payloadBytes, row);
}

/** Yields the same block again and again: after 256 rows all bytes repeat, sequence ids included. */
function* repeatedBlocks(
  encoder: ResponseEncoder, prefix: Buffer, payloadBytes: number, from: number, to: number,
): Generator<Buffer> {
  const packetBytes = HEADER_BYTES + prefix.length + payloadBytes;
  const periods = Math.floor(MAX_REPEATED_BLOCK_BYTES / (packetBytes * PERIOD_ROWS));
  const blockRows = Math.min(periods * PERIOD_ROWS, to - from);
  const block = Buffer.allocUnsafe(blockRows * packetBytes);
  for (let row = 0, offset = 0; row < blockRows; row += 1) {
    offset = block.writeUIntLE(prefix.length + payloadBytes, offset, 3);
    block[offset] = (encoder.sequenceId + row) & 0xff;
    offset += 1 + prefix.copy(block, offset + 1);
    const start = (from + row) % ALPHABET.length;
    offset += pattern().copy(block, offset, start, start + payloadBytes);
  }
  for (let row = from; row < to; row += blockRows) {
    const rows = Math.min(blockRows, to - row);
    encoder.nextSequenceId(rows);
    yield rows === blockRows ? block : block.subarray(0, rows * packetBytes);
  }
}

/**
 * One row in as many packets as it needs. Its text consists of slices of the pattern, so the row is never in memory as
 * a whole.
 */
function* largeRow(
  encoder: ResponseEncoder, prefix: Buffer, payloadBytes: number, row: number,
): Generator<Buffer> {
  let left = prefix.length + payloadBytes;
  let textOffset = row % ALPHABET.length;
  let head = prefix;
  for (;;) {
    const payloadLength = Math.min(left, MAX_PAYLOAD_BYTES);
    yield Buffer.concat([encoder.header(payloadLength), head]);
    let textLeft = payloadLength - head.length;
    while (textLeft > 0) {
      const start = textOffset % ALPHABET.length;
      const slice = pattern().subarray(start, start + Math.min(textLeft, PATTERN_BYTES));
      yield slice;
      textOffset = start + slice.length;
      textLeft -= slice.length;
    }
    if (payloadLength < MAX_PAYLOAD_BYTES) return;
    left -= payloadLength;
    head = head.subarray(0, 0);
  }
}
