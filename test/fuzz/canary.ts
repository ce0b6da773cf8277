import { setTimeout as delay } from 'node:timers/promises';
import { Capability } from '../../src/protocol/capabilities.js';
import { fromClient, fromServer } from '../support/conversationHarness.js';
import { converseOver, type Pair } from '../support/pairs.js';
import { query } from '../support/commandPayloads.js';
import { Random } from '../support/random.js';
import {
  answer, ask, BASE_CAPABILITIES, greetingPayload, MYSQL_OFFER, ok, packetsFrom, responsePayload, resultSet, textRow,
} from '../support/wirePackets.js';

/** Often enough to notice a fault, and seldom enough to leave time to the others. */
const PAUSE_MS = 10;
/** The longest time for an answer on a busy machine. */
const LONG_MS = 60_000;

/** Unencrypted, even if the proxy offers TLS. */
const LOGIN = [
  fromServer(packetsFrom(0, greetingPayload({ capabilities: MYSQL_OFFER & ~Capability.SSL }))),
  fromClient(packetsFrom(1, responsePayload({ capabilities: BASE_CAPABILITIES }))),
  fromServer(packetsFrom(2, ok())),
];

/** A session without faults beside all others. It sends queries all along, and has to notice nothing of the others. */
export class Canary {
  /** The first fault that it noticed; null when there was none. */
  problem: string | null = null;
  /** The number of answers, each of them checked. */
  answers = 0;
  private isOver = false;
  private readonly random = new Random(1);
  private turn: Promise<unknown> = Promise.resolve();
  private readonly run: Promise<void>;

  private constructor(private readonly pair: Pair) {
    this.run = this.converse()
      .catch((error: Error) => void (this.problem ??= `a session beside broke: ${error.message}`));
  }

  static async start(pair: Pair): Promise<Canary> {
    await converseOver(pair, LOGIN);
    return new Canary(pair);
  }

  /** Runs `work` while no query is under way. */
  still<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }

  /** Ends the session after the query under way. */
  async stop(): Promise<void> {
    this.isOver = true;
    await this.run;
    this.pair.client.socket.destroy();
    this.pair.server.socket.destroy();
  }

  private async converse(): Promise<void> {
    while (!this.isOver && this.problem === null) {
      await this.still(() => this.askOnce());
      await delay(PAUSE_MS);
    }
  }

  private async askOnce(): Promise<void> {
    const { client, server } = this.pair;
    const text = `canary ${this.random.below(1e9)}`;
    const asked = ask(query(`SELECT '${text}'`)).bytes;
    const answered = answer(...resultSet('eof', [textRow(text), textRow(null)])).bytes;
    client.forget();
    server.forget();
    client.say(asked);
    const isAsked = await server.hear(asked.length, LONG_MS);
    server.say(answered);
    const isAnswered = await client.hear(answered.length, LONG_MS);
    const isRight = server.heard.equals(asked) && client.heard.equals(answered);
    if (!isAsked || !isAnswered || !isRight) {
      this.problem = `a session beside was not answered as it should be: ${text}`;
    }
    this.answers += 1;
  }
}
