import type { RefusedCommand } from '../../conversation/commandGate.js';
import type { CommandJudge } from '../../conversation/conversationObserver.js';
import type { PendingCommand } from '../../conversation/command.js';
import type { ClientProfile } from '../../policy/clientProfile.js';
import { refusalMessage, type Refused } from '../../policy/refusal.js';
import { encodeErr, type ServerError } from '../../protocol/packets.js';
import type { Recorder } from './recorder.js';
import type { SessionControls } from './sessionControls.js';

/**
 * Refuses commands of one session: judges them before the server gets them, answers and records them. No command waits
 * where a refusal is only recorded: it is judged when it has passed.
 */
export class Refusing implements CommandJudge {
  /** The last command that was judged before it passed, and the judgement; null lets it pass. */
  private judged: PendingCommand | null = null;
  private found: Refused | null = null;

  /** @param profile returns what is known of the client; it is made later than this object */
  constructor(
    private readonly session: SessionControls,
    private readonly recorder: Recorder,
    private readonly profile: () => ClientProfile,
  ) {}

  get mayRefuse(): boolean {
    return this.profile().refusals === 'enforced';
  }

  get watches(): boolean {
    return this.profile().refusals !== 'none';
  }

  /** A client that does not read gets no more answers to keep for it. */
  get mayAnswer(): boolean {
    return !this.session.responses.flow.sink.isFull;
  }

  judge(command: PendingCommand): 'pass' | 'refuse' {
    this.judged = command;
    this.found = this.profile().refusalOf(command);
    return this.found?.refusal.action === 'refuse' ? 'refuse' : 'pass';
  }

  passed(command: PendingCommand): void {
    const found = command === this.judged ? this.found : this.profile().refusalOf(command);
    // A rule that has come since then does not refuse what the server already has.
    if (found?.refusal.action === 'would-refuse') this.recorder.refusal(found);
  }

  /** Answers a command of which all has come, and nothing went to the server. */
  answer({ command, error, isToReset, sequenceId }: RefusedCommand): void {
    const { session, session: { conversation, requests, responses } } = this;
    if (command.shape === 'none') return;
    responses.inject(encodeErr(sequenceId + 1, error ?? this.refusalError(), conversation.textEncoding));
    if (error === null && this.found !== null) this.recorder.refusal(this.found);
    if (isToReset) requests.command(conversation.beginReset(command.statement!.id));
    session.sayGoodbye();
  }

  private refusalError(): ServerError {
    const { code, sqlState } = this.found!.refusal.rule.refusal;
    return { code, sqlState, message: refusalMessage(this.found!) };
  }
}
