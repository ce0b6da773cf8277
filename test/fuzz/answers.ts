import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readAnswer } from '../../src/telemetry/otlp/answer.js';
import { post, type Outcome } from '../../src/telemetry/otlp/post.js';
import { Random } from '../support/random.js';
import type { Mode, Played } from './mode.js';

// Answers requests of the OTLP export as no receiver should: each request comes to its end, with an outcome that can be
// logged, and reads no more than its bound.

const SENT_ITEMS = 5;
/** The time limit of a request, which a silent receiver costs in full. */
const TIMEOUT_MS = 40;
/** What is read of an answer, and what the buffers of both kernels take beyond that. */
const MAX_TAKEN_BYTES = 16 * 1024 * 1024;
const FLOOD_BYTES = 100 * 1024 * 1024;
const BLOCK = Buffer.alloc(64 * 1024, 'x');
const INTERIM = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1000));
const LONGEST_REASON = 400;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** What a receiver says to one request, and whether it goes on without an end, or leaves. */
interface Script {
  readonly head: Buffer;
  /** Is sent again and again after the head, up to 100 MB. */
  readonly flood: Buffer | null;
  readonly end: 'close' | 'reset' | 'hang';
}

const STATUSES = [200, 200, 200, 202, 204, 301, 307, 400, 401, 404, 413, 429, 500, 502, 503, 504, 101, 999, 0, -1];
const COUNTS = ['0', '"3"', '3', '-1', '1.5', '1e99', '"x"', 'null', '{}', '[]', '9'.repeat(400), 'true'];
const BODIES = [
  '', '{}', '[]', 'null', '5', '"x"', '{', '<html>', '\0\0\0', '\ufeff{}', '{"partialSuccess":5}',
  '{"partialSuccess":{}}', '{"message":"too \\u001b[2J much\\r\\nforged"}', '{"message":7}', '['.repeat(20_000),
  '{"__proto__":{"partialSuccess":{}}}',
];
const RETRIES = ['5', '-1', 'x', '1e9', '9'.repeat(30), '0', 'Wed, 21 Oct 2099 07:28:00 GMT', 'Wed', ''];
const LOCATIONS = ['http://127.0.0.1:1/', '//evil\u001b[2J', '/v1/logs', 'x'.repeat(5000)];

const bodyOf = (random: Random): string => {
  if (random.chance(0.5)) return random.pick(BODIES);
  const message = random.pick(['', 'too old', 'a\r\nb\u2028c', 'm'.repeat(2000)]);
  const name = random.pick(['rejectedLogRecords', 'rejectedSpans', 'rejected']);
  const text = `{"partialSuccess":{"${name}":${random.pick(COUNTS)},"errorMessage":${JSON.stringify(message)}}}`;
  return random.chance(0.8) ? text : text.slice(0, random.below(text.length));
};

const headersOf = (random: Random, body: string): string[] => {
  const headers = ['content-type: application/json'];
  if (random.chance(0.3)) headers.push(`retry-after: ${random.pick(RETRIES)}`);
  if (random.chance(0.3)) headers.push(`location: ${random.pick(LOCATIONS)}`);
  if (random.chance(0.1)) headers.push(`x-${'y'.repeat(random.skewed(40_000))}: z`);
  if (random.chance(0.1)) headers.push('content-encoding: gzip');
  if (random.chance(0.1)) headers.push('connection: upgrade', 'upgrade: h2c');
  const length = random.chance(0.8) ? Buffer.byteLength(body) : random.below(2 ** 40);
  headers.push(random.chance(0.15) ? 'transfer-encoding: chunked' : `content-length: ${length}`);
  return headers;
};

const scriptOf = (random: Random): Script => {
  const end = random.pick(['close', 'close', 'close', 'reset', 'hang'] as const);
  if (random.chance(0.1)) return { head: random.bytes(random.skewed(300)), flood: null, end };
  if (random.chance(0.05)) return { head: Buffer.alloc(0), flood: INTERIM, end };
  const body = bodyOf(random);
  const start = `HTTP/1.${random.below(2)} ${random.pick(STATUSES)} ${random.pick(['OK', '', 'x\u001b[2J'])}`;
  const head = Buffer.from([start, ...headersOf(random, body), '', body].join('\r\n'));
  const sent = random.chance(0.1) ? head.subarray(0, random.below(head.length)) : head;
  return { head: sent, flood: random.chance(0.1) ? BLOCK : null, end };
};

/** What is wrong with an outcome; null when nothing is. */
const wrongOutcome = (outcome: Outcome): string | null => {
  if (outcome.kind !== 'taken') {
    const { reason } = outcome;
    if (UNPRINTABLE.test(reason)) return `a reason that is not one line: ${JSON.stringify(reason)}`;
    if (reason === '' || reason.length > LONGEST_REASON) return `a reason of ${reason.length} characters`;
    const isTime = outcome.kind === 'refused' || outcome.afterMs === null || outcome.afterMs >= 0;
    return isTime ? null : 'a time to wait that is none';
  }
  const { rejected, message } = readAnswer('logs', outcome.answer, SENT_ITEMS);
  if (!Number.isInteger(rejected) || rejected < 0 || rejected > SENT_ITEMS) return `${rejected} items rejected`;
  return UNPRINTABLE.test(message) || message.length > LONGEST_REASON ? 'a message that is not one line' : null;
};

export class AnswersMode implements Mode {
  readonly concurrency = 16;
  /** The most bytes that a request has taken from a receiver. */
  private readonly taken = new Map<number, number>();
  private readonly open = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => this.answer(socket));
  }

  static async start(): Promise<AnswersMode> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AnswersMode(server);
  }

  inputOf(seed: number): readonly string[] {
    const { head, flood, end } = scriptOf(new Random(seed));
    return [JSON.stringify(head.toString('latin1')), `then ${flood === null ? 'nothing' : 'a flood'}`, end];
  }

  async play(seed: number): Promise<Played> {
    const { port } = this.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/${seed}`;
    const destination = { url, headers: {}, timeoutMs: TIMEOUT_MS, tls: {} };
    const outcome = await post(destination, '{"resourceLogs":[]}', new AbortController().signal);
    const bytes = this.taken.get(seed) ?? 0;
    this.taken.delete(seed);
    const tooMany = bytes > MAX_TAKEN_BYTES ? `${bytes} bytes taken` : null;
    return { bytes, problem: wrongOutcome(outcome) ?? tooMany };
  }

  /** A request that is over keeps no connection. */
  async inspect(): Promise<string | null> {
    while (this.open.size > 0) await nextTurn();
    return null;
  }

  async close(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(socket: Socket): void {
    this.open.add(socket);
    const destroy = (): void => void socket.destroy();
    socket.on('close', () => this.open.delete(socket)).on('error', destroy).on('end', destroy);
    socket.once('data', (request: Buffer) => {
      const seed = Number(/^POST \/(\d+) /.exec(request.toString('latin1'))?.[1]);
      const { head, flood, end } = scriptOf(new Random(seed));
      const finish = (): void => {
        if (end === 'close') socket.end();
        if (end === 'reset') socket.resetAndDestroy();
      };
      socket.resume();
      socket.write(head);
      const more = (): void => {
        this.taken.set(seed, socket.bytesWritten - socket.writableLength);
        if (flood === null || socket.destroyed) return;
        if (socket.bytesWritten >= FLOOD_BYTES) finish();
        else if (socket.write(flood)) setImmediate(more);
      };
      socket.on('drain', more);
      more();
      if (flood === null) finish();
    });
  }
}
