import type { Limits, ResponseClass, StreamingSignal, Treatment } from '../config/config.js';
import type { Hint } from './hint.js';
import type { Signal } from './signals.js';

/** The terms of one response: its rule, its class and its limits. */
export interface Terms {
  /** The other terms of the same treatment. They outlive the configuration that they were made for. */
  readonly source: TermsOf;
  /** The name of their rule. */
  readonly rule: string;
  readonly treatment: Treatment;
  readonly responseClass: ResponseClass;
  /** The signal that classified the response as a stream; null if there was none. */
  readonly signal: Signal | null;
  /** The largest usage that passes. */
  readonly limits: Limits;
}

/** All terms of a treatment (a rule's, or the global one). Each of them is made once. */
export class TermsOf {
  /** For responses without a sign of streaming. */
  readonly buffered: Terms;
  private readonly streamed = new Map<Signal, Terms>();

  /** @param signals the signals that are trusted */
  constructor(
    private readonly rule: string, readonly treatment: Treatment, readonly fixedClass: ResponseClass | null,
    private readonly signals: ReadonlySet<Signal>,
  ) {
    this.buffered = {
      source: this, rule, treatment, responseClass: 'buffered', signal: null, limits: treatment.limits,
    };
  }

  /** Whether a signal may decide on the class. The class of a rule is final. */
  trusts(signal: StreamingSignal): boolean {
    return this.fixedClass === null && this.signals.has(signal);
  }

  /** For responses that a signal classifies as streams. */
  streaming(signal: Signal): Terms {
    let terms = this.streamed.get(signal);
    if (terms === undefined) {
      const { rule, treatment } = this;
      terms = { source: this, rule, treatment, responseClass: 'streaming', signal, limits: treatment.streaming.limits };
      this.streamed.set(signal, terms);
    }
    return terms;
  }

  /** For a buffered response whose statement has an allowed hint. */
  hinted(hint: Hint): Terms {
    const { rows, bytes } = this.treatment.limits;
    return { ...this.buffered, limits: { rows: hint.rows ?? rows, bytes: hint.bytes ?? bytes } };
  }

  /** Whether the treatment allows everything that the hint asks for. */
  allows(hint: Hint): boolean {
    const { hints, limits } = this.treatment;
    if (hints === 'any') return true;
    if (hints === 'none' || hint.stream === true) return false;
    return (hint.rows ?? 0) <= limits.rows && (hint.bytes ?? 0) <= limits.bytes;
  }
}

/** The reaction to a usage that would exceed a limit. */
export type Action =
  /** An error replaces the row that would exceed the limit, and the rest is discarded. */
  | 'cut'
  /** The result ends before the row that breaks the limit, as if it had no more; the rest is discarded. */
  | 'truncate'
  /** Everything is forwarded, and a record says what would have been cut. */
  | 'would-cut'
  /** Everything is forwarded; a record says that a warning threshold was passed. */
  | 'warn'
  /** Both connections are closed. */
  | 'close';

/**
 * The reason for an action on a usage: it has exceeded one of its limits, or the budget for all usages under way; or
 * somebody has killed its statement.
 */
export type Reason = 'rows' | 'bytes' | 'budget' | 'kill';

/** The decision about a usage: the action, and its reason. */
export interface Judgement {
  readonly action: Action;
  readonly reason: Reason;
  /** The rule of the limit. */
  readonly rule: string;
  /** The limit, warning threshold or budget that was exceeded; with `kill`, the limit that held. */
  readonly limit: Limits;
}
