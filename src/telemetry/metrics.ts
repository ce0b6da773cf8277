import { RETURNING } from '../audit/record.js';
import type { Config, ResponseClass } from '../config/config.js';
import type { Action, Reason } from '../policy/terms.js';
import { DEFAULT_RULE } from '../policy/guard.js';
import type { GovernedUsage } from '../policy/governedUsage.js';
import type { Refusal } from '../policy/refusal.js';
import type { TraceContext } from '../policy/traceContext.js';
import type { DbSystem } from '../sql/sqlServer.js';
import { CounterVector, GaugeVector, Histogram, type Exemplar } from './instruments.js';
import { world } from '../world/world.js';

/**
 * The counters of the running proxy: plain numbers, incremented at each event, but not for each row. Each session
 * adds its own counts when it ends. `readMetrics.ts` adds those of open sessions, and has the names and help texts.
 */
export class Metrics {
  sessions = 0;
  readonly sessionEnds = new CounterVector(['by', 'reason']);
  /** Clients refused before a session began. */
  turnedAway = 0;
  /** The part of them that was refused because memory was short. */
  memoryRefusals = 0;
  /** The sums over sessions that have ended. */
  readonly ended = { bytesToClient: 0, bytesToUpstream: 0, stallMs: 0 };
  /** Commands, by their first byte. */
  readonly commands = new Float64Array(256);
  /** By the kind of the server as well, for OpenTelemetry. */
  readonly resultRows: Readonly<Record<DbSystem, ByClass>> = { mysql: byClass(ROWS), mariadb: byClass(ROWS) };
  readonly resultBytes = byClass(BYTES);
  /** Audit records, by action, rule and reason. */
  readonly judged: ByAction = {
    'cut': judgedBy(), 'truncate': judgedBy(), 'close': judgedBy(), 'would-cut': judgedBy(), 'warn': judgedBy(),
  };
  /** Commands that were refused before the server got them, and those that would have been. */
  readonly refusals = { 'refuse': new CounterVector(['rule']), 'would-refuse': new CounterVector(['rule']) };
  readonly samples = judgedBy();
  /** Results that passed the limit for buffered results because they were classified as streams. */
  readonly admitted = new CounterVector(['rule', 'signal']);
  /** Responses whose rows were exempt from a cut, by the reason of the exemption. */
  readonly exemptions = new CounterVector(['reason']);
  drainedBytes = 0;
  /** Cut responses that were not discarded to their end, or whose clients were let go. */
  readonly drainsGivenUp = new CounterVector(['reason']);
  readonly kills = new CounterVector(['outcome']);
  readonly opaqueSessions = new CounterVector(['reason']);
  /** Connections of sessions, by their encryption. */
  readonly encryptions = new CounterVector(['leg', 'tls']);
  readonly protocolErrors = new CounterVector(['direction']);
  upstreamConnectFailures = 0;
  readonly upstreamConnectSeconds = new Histogram(SECONDS);
  /** Failed attempts to use a server for a client. */
  readonly upstreamFailures = new CounterVector(['upstream', 'reason']);
  /** 1, or 0 for a server that has failed and has not sent a greeting since. */
  readonly upstreamUp = new GaugeVector(['upstream']);
  readonly reloads = new CounterVector(['outcome']);
  /** Log records, spans and data points that did not reach their receiver. */
  readonly otlpDropped = new CounterVector(['signal', 'reason']);

  constructor() {
    for (const outcome of ['killed', 'withdrawn', 'no-match', 'failed', 'unknown']) this.kills.declare(outcome);
    for (const reason of ['bytes', 'time', 'waiting', 'max']) this.drainsGivenUp.declare(reason);
    this.exemptions.declare(RETURNING);
    for (const peer of ['client', 'upstream']) this.encryptions.declare(peer, 'none');
    for (const outcome of ['applied', 'refused']) this.reloads.declare(outcome);
    this.sessionEnds.declare('upstream', 'gave-up');
    for (const direction of ['client', 'server']) this.protocolErrors.declare(direction);
  }

  /** Shows a counter for each rule of a configuration, and removes those of rules that are gone. */
  configured({ mode, rules, streaming }: Config): void {
    const names = new Set([DEFAULT_RULE, ...rules.map(({ name }) => name)]);
    const byRule = [...Object.values(this.judged), ...Object.values(this.refusals), this.samples, this.admitted];
    for (const vector of byRule) vector.retain(names);
    for (const rule of rules) {
      if (rule.action === 'refuse') this.refusals[rule.mode === 'audit' ? 'would-refuse' : 'refuse'].declare(rule.name);
    }
    for (const signal of streaming.signals) this.admitted.declare(DEFAULT_RULE, signal);
    for (const rule of rules) {
      if (rule.class === 'streaming') this.admitted.declare(rule.name, 'rule');
      else if (rule.class === null) for (const signal of streaming.signals) this.admitted.declare(rule.name, signal);
    }
    for (const rule of [{ name: DEFAULT_RULE, mode }, ...rules]) {
      const vector = this.judged[rule.mode === 'audit' ? 'would-cut' : 'cut'];
      for (const reason of ['rows', 'bytes']) vector.declare(rule.name, reason);
    }
  }

  /** Counts a response that has ended or is no longer followed. */
  resultEnded({ rows, bytes, terms, dbSystem }: GovernedUsage): void {
    this.resultRows[dbSystem][terms.responseClass].observe(rows);
    this.resultBytes[terms.responseClass].observe(bytes);
  }

  /** Shows a recorded result as an example of its size: any other result costs nothing for its trace. */
  exemplify({ rows, bytes, terms: { responseClass }, trace, dbSystem }: GovernedUsage): void {
    const exemplar = exemplarOf(trace);
    if (exemplar === null) return;
    this.resultRows[dbSystem][responseClass].exemplify({ ...exemplar, value: rows });
    this.resultBytes[responseClass].exemplify({ ...exemplar, value: bytes });
  }

  /** Counts an audit record. */
  recorded(
    action: Action | 'sample', rule: string, reason: Reason | 'stall' | 'chance', trace: TraceContext | null,
  ): void {
    const vector = action === 'sample' ? this.samples : this.judged[action];
    vector.incrementBy(exemplarOf(trace), rule, reason);
  }

  /** Counts a command that was refused, or would have been. */
  refused(action: Refusal['action'], rule: string, trace: TraceContext | null): void {
    this.refusals[action].incrementBy(exemplarOf(trace), rule);
  }

  /** Counts a result that passed its limit because it was taken for a stream. */
  resultAdmitted(rule: string, signal: string, trace: TraceContext | null): void {
    this.admitted.incrementBy(exemplarOf(trace), rule, signal);
  }

  sessionEnded(label: EndLabel, { bytesToClient, bytesToUpstream, stallMs }: SessionTotals): void {
    this.sessionEnds.increment(...label);
    this.ended.bytesToClient += bytesToClient;
    this.ended.bytesToUpstream += bytesToUpstream;
    this.ended.stallMs += stallMs;
  }
}

const ROWS = [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
// From 256 bytes to 16 GiB, each four times the one before.
const BYTES = Array.from({ length: 14 }, (_, index) => 256 * 4 ** index);
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The peer that ended a session, and the kind of reason: a fixed set. */
export type EndLabel =
  | readonly ['client', 'quit' | 'closed' | 'error']
  | readonly ['upstream', 'unavailable' | 'closed' | 'error' | 'gave-up']
  | readonly [
    'sluice',
    'limit' | 'timeout' | 'unparsed' | 'drained' | 'stopped' | 'requested' | 'unasked-file' | 'error',
  ];

/** The bytes that one session has moved, and the time in which its client did not read. */
export interface SessionTotals {
  readonly bytesToClient: number;
  readonly bytesToUpstream: number;
  readonly stallMs: number;
}

type ByClass = Readonly<Record<ResponseClass, Histogram>>;

function byClass(bounds: readonly number[]): ByClass {
  return { buffered: new Histogram(bounds), streaming: new Histogram(bounds) };
}

type ByAction = Readonly<Record<Action, CounterVector>>;

function judgedBy(): CounterVector {
  return new CounterVector(['rule', 'reason']);
}

/** An application that does not record its trace has nothing to show for it. */
function exemplarOf(trace: TraceContext | null): Exemplar | null {
  if (trace === null || !trace.sampled) return null;
  return { traceId: trace.traceId, spanId: trace.spanId, value: 1, atMs: world.dateMs() };
}
