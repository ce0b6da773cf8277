import type { Test } from 'tap';
import { Capability } from '../../../src/protocol/capabilities.js';
import type { Proxy } from '../../../src/relay/proxy.js';
import { query } from '../../support/commandPayloads.js';
import {
  BASE_CAPABILITIES, login, packetsFrom, responsePayload, resultSet, textRow,
} from '../../support/wirePackets.js';
import { TLS_CLIENT_HELLO, TLS_SERVER_HELLO } from './tlsStage.js';
import type { NetEnd } from './netEnd.js';
import { SLUICE_HOST, type SimulatedWorld } from './simulatedWorld.js';

// The simplest models of a server and its clients, to try the world itself with.

const SERVER_HOST = '10.0.1.1';

/** The turns of a login: greeting, answer, verdict. */
const LOGIN = login('eof');

/** A server that lets everybody in, and answers each command with a result. */
export const serve = ({ network, names }: SimulatedWorld, result: () => Result): void => {
  names.set('db', SERVER_HOST);
  network.listen(SERVER_HOST, 3306, (end) => {
    const [greeting, , verdict] = LOGIN;
    let isIn = false;
    end.write(greeting!.bytes);
    end.onBytes = packets((payload) => {
      if (!isIn) {
        isIn = true;
        end.write(verdict!.bytes);
      } else if (payload[0] === 1) {
        end.end();
      } else {
        const { rows, rowBytes = 0, isStuck = false } = result();
        const row = (_: unknown, at: number): Buffer => textRow(`row ${at}`.padEnd(rowBytes));
        const payloads = resultSet('eof', Array.from({ length: rows }, row));
        end.write(packetsFrom(1, ...(isStuck ? payloads.slice(0, -1) : payloads)));
      }
    });
    end.onEnd = () => end.end();
  });
};

/** The answer of a server to a command. */
export interface Result {
  readonly rows: number;
  /** The least bytes of a row's only column. */
  readonly rowBytes?: number;
  /** The end of the rows does not come. */
  readonly isStuck?: boolean;
}

/** A client that logs in, sends some queries one after the other, and leaves. */
export class Client {
  /** The first byte of the last packet of each answer. */
  readonly ends: number[] = [];
  isOver = false;
  private readonly end: NetEnd;
  private packetCount = 0;
  /** The packets of the answer under way. */
  private answerPackets = 0;

  constructor(
    { network }: SimulatedWorld, port: number, private queries: number, number: number,
    private readonly usesTls = false,
  ) {
    this.end = network.connect(`10.0.2.${number}`, { host: SLUICE_HOST, port });
    this.end.onBytes = packets((payload) => this.heard(payload));
    this.end.onEnd = () => this.end.end();
    this.end.onClosed = () => (this.isOver = true);
  }

  private heard(payload: Buffer): void {
    this.packetCount += 1;
    if (this.packetCount === 1) return this.logIn();
    if (this.packetCount === 2) return this.next();
    // Column count, definition, EOF, rows, and then an EOF or an error.
    this.answerPackets += 1;
    const isEnd = payload[0] === 0xff || (payload[0] === 0xfe && this.answerPackets > 3);
    if (!isEnd) return;
    this.ends.push(payload[0]!);
    this.next();
  }

  private logIn(): void {
    const { end, usesTls } = this;
    if (!usesTls) return end.write(LOGIN[1]!.bytes);
    const response = responsePayload({ capabilities: BASE_CAPABILITIES | Capability.SSL });
    const { onBytes } = end;
    let hello = Buffer.alloc(0);
    end.onBytes = (bytes) => {
      hello = Buffer.concat([hello, bytes]);
      if (hello.length < TLS_SERVER_HELLO.length) return;
      end.onBytes = onBytes;
      end.write(packetsFrom(2, response));
    };
    end.write(Buffer.concat([packetsFrom(1, response.subarray(0, SSL_REQUEST_BYTES)), TLS_CLIENT_HELLO]));
  }

  private next(): void {
    this.answerPackets = 0;
    this.queries -= 1;
    if (this.queries >= 0) this.end.write(packetsFrom(0, query('SELECT * FROM t')));
    else this.end.end();
  }
}

/** The length of the part of a client's answer that asks for TLS. */
const SSL_REQUEST_BYTES = 32;

/** Takes a stream of packets apart. */
const packets = (take: (payload: Buffer) => void): (bytes: Buffer) => void => {
  let waiting = Buffer.alloc(0);
  return (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUIntLE(0, 3)) {
      const end = 4 + waiting.readUIntLE(0, 3);
      const payload = waiting.subarray(4, end);
      waiting = waiting.subarray(end);
      take(payload);
    }
  };
};

/** Waits inside a world until a promise of the program is fulfilled. */
export const fulfilled = async <T>(t: Test, { scheduler }: SimulatedWorld, promise: Promise<T>): Promise<T> => {
  let isDone = false;
  void promise.finally(() => (isDone = true)).catch(() => undefined);
  await scheduler.run({ until: () => isDone });
  if (!isDone) t.fail('the program waits for what never happens');
  return promise;
};

/** The port of a proxy's first address. */
export const portOf = ({ places }: Proxy): number => {
  const [place] = places;
  return place !== undefined && 'port' in place ? place.port : 0;
};
