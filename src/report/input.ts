import { createReadStream, fstatSync, openSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { decodeUtf8 } from '../config/file.js';
import { LineSplitter, type LineReader } from './lines.js';

/** An open file, or standard input. */
export interface Input {
  readonly name: string;
  /** In bytes; null if not known, as for a pipe. */
  readonly size: number | null;
  readonly descriptor: number;
}

/** The name of standard input. */
export const STANDARD_INPUT = '-';
export const STANDARD_INPUT_DESCRIPTOR = 0;

// The first two bytes of every gzip member (RFC 1952). No JSON begins with them.
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
const READ_BYTES = 256 * 1024;
// A record can hold a statement of 1 MiB, which takes six times as much if JSON escapes all of it, and as much for its
// digest.
const MAX_LINE_BYTES = 16 * 1024 * 1024;

type OnRead = (byteCount: number) => void;

/**
 * Opens a file.
 * @param name a path, or `-` for standard input
 * @throws the file system's error if it cannot be opened
 */
export function openInput(name: string): Input {
  const descriptor = name === STANDARD_INPUT ? STANDARD_INPUT_DESCRIPTOR : openSync(name, 'r');
  const stat = fstatSync(descriptor);
  if (stat.isDirectory()) throw new Error(`${JSON.stringify(name)}: it is a folder`);
  const shownName = name === STANDARD_INPUT ? 'standard input' : name;
  return { name: shownName, size: stat.isFile() ? stat.size : null, descriptor };
}

/**
 * Reads all lines of a file, with or without gzip compression, which its first bytes tell.
 * @param onRead is called with the number of bytes read from the file itself
 * @throws zlib's or the file system's error, after all lines before it
 */
export async function readLines(input: Input, reader: LineReader, onRead: OnRead): Promise<void> {
  const splitter = new LineSplitter(MAX_LINE_BYTES, reader);
  try {
    for await (const chunk of contentsOf(input.descriptor, onRead)) splitter.push(chunk);
  } finally {
    splitter.end();
  }
}

/**
 * Reads a whole file as text, with or without gzip compression.
 * @param maxBytes of its contents
 * @throws Error if it is larger, or not UTF-8; zlib's or the file system's error
 */
export async function readText(input: Input, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of contentsOf(input.descriptor, () => {})) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`${input.name}: larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return decodeUtf8(Buffer.concat(chunks));
}

async function* contentsOf(descriptor: number, onRead: OnRead): AsyncGenerator<Buffer> {
  const chunks = rawChunks(descriptor, onRead);
  let head = Buffer.alloc(0);
  while (head.length < GZIP_MAGIC.length) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  const all = resumed(head, chunks);
  if (!head.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) {
    yield* all;
    return;
  }
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  pipeline(Readable.from(all), gunzip, () => {}); // an error is thrown by the reader of the contents
  for await (const chunk of gunzip) yield chunk as Buffer;
}

async function* rawChunks(descriptor: number, onRead: OnRead): AsyncGenerator<Buffer, void> {
  const stream = createReadStream('', { fd: descriptor, highWaterMark: READ_BYTES });
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    onRead(bytes.length);
    yield bytes;
  }
}

async function* resumed(head: Buffer, rest: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}
