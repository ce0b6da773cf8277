'use strict';
// Counts the rows that the program gets, works on each, and reports them in one line of JSON.

const { setTimeout: sleep } = require('node:timers/promises');

class Report {
  constructor(reading) {
    this.reading = reading;
    this.seen = { rows: 0, sum: 0, error: null, after: null, afterError: null };
    this.startedAt = this.connectedAt = this.first = this.last = performance.now();
  }

  /** The connection is open. The statement follows at once. */
  connected() {
    this.connectedAt = performance.now();
  }

  /** Takes a row. Returns whether further rows are wanted. */
  take(row) {
    this.last = performance.now();
    if (this.seen.rows === 0) this.first = this.last;
    this.seen.rows += 1;
    this.seen.sum += Number(row[0]);
    return this.seen.rows !== this.reading.stopAfter;
  }

  /** Sleeps, or keeps the processor busy if the time is too short for a sleep. */
  async work() {
    const { workMs } = this.reading;
    if (workMs >= 1) await sleep(workMs);
    else for (const end = performance.now() + workMs; performance.now() < end;);
  }

  /** Takes rows from a complete result, until enough were taken. */
  async readWhole(rows) {
    for (const row of rows) {
      if (!this.take(row)) return;
      if (this.reading.workMs > 0) await this.work();
    }
  }

  /** Takes rows from a stream, until enough were taken. */
  async readStream(rows) {
    for await (const row of rows) {
      if (!this.take(row)) return;
      if (this.reading.workMs > 0) await this.work();
    }
  }

  failed({ errno, sqlState, sqlMessage, message }) {
    this.seen.error = { code: errno ?? 0, sqlState: sqlState ?? null, message: sqlMessage ?? message };
  }

  answered([answer, connectionId]) {
    this.seen.after = { answer: Number(answer), connectionId: Number(connectionId) };
  }

  answerFailed(error) {
    this.seen.afterError = error.message;
  }

  print() {
    console.log(JSON.stringify({
      ...this.seen,
      seconds: (this.last - this.first) / 1000,
      statementSeconds: Math.max(0, this.last - this.connectedAt) / 1000,
      connectMs: this.connectedAt - this.startedAt,
    }));
  }
}

module.exports = { Report };
