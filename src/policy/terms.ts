import type { Limits, ResponseClass, Treatment } from '../config/config.js';
import type { Hint } from './hint.js';
import type { Signal } from './signals.js';

/** What holds for one response. */
export interface Terms {
  /** What else the same treatment makes: it outlives the configuration that it was made for. */
  readonly source: TermsOf;
  /** The name of the rule that they come from. */
  readonly rule: string;
  readonly treatment: Treatment;
  readonly responseClass: ResponseClass;
  /** What told that the response is read as a stream; null where nothing did. */
  readonly signal: Signal | null;
  /** The largest usage that passes. */
  readonly limits: Limits;
}

/** The terms that a rule's treatment, or the global one, makes; each of them once. */
export class TermsOf {
  /** For responses that nothing tells to be streams. */
  readonly buffered: Terms;
  private readonly streamed = new Map<Signal, Terms>();

  constructor(private readonly rule: string, readonly treatment: Treatment, readonly fixedClass: ResponseClass | null) {
    this.buffered = {
      source: this, rule, treatment, responseClass: 'buffered', signal: null, limits: treatment.limits,
    };
  }

  /** For responses that are told to be streams by a signal. */
  streaming(signal: Signal): Terms {
    let terms = this.streamed.get(signal);
    if (terms === undefined) {
      const { rule, treatment } = this;
      terms = { source: this, rule, treatment, responseClass: 'streaming', signal, limits: treatment.streaming.limits };
      this.streamed.set(signal, terms);
    }
    return terms;
  }

  /** For a buffered response whose statement carries a hint that is allowed. */
  hinted(hint: Hint): Terms {
    const { rows, bytes } = this.treatment.limits;
    return { ...this.buffered, limits: { rows: hint.rows ?? rows, bytes: hint.bytes ?? bytes } };
  }

  /** Whether the hint asks for no more than the treatment lets it ask for. */
  allows(hint: Hint): boolean {
    const { hints, limits } = this.treatment;
    if (hints === 'any') return true;
    if (hints === 'none' || hint.stream === true) return false;
    return (hint.rows ?? 0) <= limits.rows && (hint.bytes ?? 0) <= limits.bytes;
  }
}

/** What is done about a usage that breaks a limit. */
export type Action =
  /** The row that breaks the limit is replaced by an error, and the rest is discarded. */
  | 'cut'
  /** The result ends before the row that breaks the limit, as if it had no more; the rest is discarded. */
  | 'truncate'
  /** Everything is forwarded, and a record says what would have been cut. */
  | 'would-cut'
  /** Everything is forwarded; a record says that a warning threshold was passed. */
  | 'warn'
  /** Both connections are closed. */
  | 'close';

/** What a usage has passed: a limit of its own, or the budget for all that are under way. */
export type Reason = 'rows' | 'bytes' | 'budget';

/** Why and how a usage is acted upon. */
export interface Judgement {
  readonly action: Action;
  readonly reason: Reason;
  /** The rule whose limit it is. */
  readonly rule: string;
  /** The limit, the warning threshold, or the budget that was passed. */
  readonly limit: Limits;
}
