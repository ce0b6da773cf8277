import type { AuditLog } from '../audit/auditLog.js';
import { resultRecord, type Origin, type Outcome } from '../audit/record.js';
import type { Config } from '../config.js';
import { cutMessage, type Guard, type Judgement, type Reason } from '../policy/guard.js';
import { encodeErr, type ServerError } from '../protocol/packets.js';
import type { PendingCommand } from '../session/command.js';
import type { Conversation } from '../session/conversation.js';
import { Usage } from '../session/usage.js';

/** What every session of a proxy has in common. */
export interface Shared {
  readonly config: Config;
  readonly guard: Guard;
  readonly audit: AuditLog;
}

/** What the enforcer needs of the session whose limits it enforces. */
export interface EnforcedSession {
  /** Whose responses they are, for the records. */
  origin(): Origin;
  /** How long the client has not been taking what it was sent, all in all, in ms. */
  stallMs(): number;
  /** Writes bytes to the client that the server did not send. */
  sendToClient(bytes: Buffer): void;
  /** Ends both connections. */
  abort(reason: string): void;
}

/** Enforces limits on one session: judges, cuts, bounds the drain, and writes the records. */
export class Enforcer {
  private readonly judgements = new Map<Usage, Judgement>();
  private drainTimer: NodeJS.Timeout | null = null;
  private drainedBytes = 0;

  constructor(
    private readonly shared: Shared,
    private readonly conversation: Conversation,
    private readonly session: EnforcedSession,
  ) {}

  /** A response's first result set begins. */
  newUsage(command: PendingCommand): Usage {
    const usage = new Usage(command);
    this.shared.guard.limit(usage);
    usage.stallMsBefore = this.session.stallMs();
    return usage;
  }

  /** The response under way has reached its limit: admits, cuts or ends it. */
  limitReached(reason: Reason): void {
    const { server } = this.conversation;
    const usage = server.usage!;
    const judgement = this.shared.guard.judge(usage, reason, server.isInsideRow);
    // A cursor that has been cut has had its record; each further fetch gets the error again.
    if (!usage.hasEnded) this.judgements.set(usage, judgement);
    switch (judgement.action) {
      case 'cut':
        return this.cut(usage, judgement);
      case 'close':
        return this.session.abort('a row that spans packets breaks its limit half-way');
      default:
        usage.admitAll();
    }
  }

  /** Bytes of a cut response have been discarded. */
  discarded(byteCount: number): void {
    this.drainedBytes += byteCount;
    if (this.drainedBytes > this.shared.config.drain.bytes) this.session.abort('the rest of a cut response passed drain.bytes');
  }

  /** The rest of a cut response has been discarded: the client's next command may go. */
  drained(): void {
    this.stopDrainTimer();
    this.conversation.client.isGated = false;
  }

  /** A usage has ended; `error` is what the server ended it with. */
  finish(usage: Usage, error: ServerError | null): void {
    this.record(usage, usage.isCut ? 'drained' : 'completed', error, true);
  }

  /** The session has ended: what was not seen to its end is recorded as far as it went. */
  close(outcome: Outcome): void {
    this.stopDrainTimer();
    for (const usage of this.conversation.openUsages()) {
      usage.hasEnded = true;
      this.record(usage, outcome, null, false);
    }
  }

  private cut(usage: Usage, judgement: Judgement): void {
    const { code, sqlState } = this.shared.config.onExceed.error;
    const sequenceId = this.conversation.server.cut();
    this.session.sendToClient(encodeErr(sequenceId, { code, sqlState, message: cutMessage(judgement, usage) }));
    this.conversation.client.isGated = true;
    this.drainedBytes = 0;
    this.drainTimer = setTimeout(() => this.session.abort('the rest of a cut response took longer than drain.time'),
      this.shared.config.drain.timeMs);
  }

  private stopDrainTimer(): void {
    if (this.drainTimer !== null) clearTimeout(this.drainTimer);
    this.drainTimer = null;
  }

  private record(usage: Usage, outcome: Outcome, error: ServerError | null, isComplete: boolean): void {
    const judgement = this.judgements.get(usage) ?? this.shared.guard.warning(usage);
    if (judgement === null) return;
    this.judgements.delete(usage);
    const ending = {
      outcome, isComplete, error,
      atMs: this.conversation.options.now(),
      drainedBytes: usage.isCut ? this.drainedBytes : 0,
      stallMs: this.session.stallMs() - usage.stallMsBefore,
    };
    this.shared.audit.write(resultRecord(usage, judgement, this.session.origin(), ending, this.shared.config.audit.sqlBytes));
  }
}
