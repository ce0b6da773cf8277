import type { CommandView, SessionView } from '../../telemetry/status.js';
import type { Origin } from '../../audit/record.js';
import type { GovernedUsage } from '../../policy/governedUsage.js';
import { Statement } from '../../policy/statement.js';
import { commandName } from '../../protocol/commands.js';
import type { PendingCommand } from '../../conversation/command.js';
import type { Conversation } from '../../conversation/conversation.js';

/** The facts about a session that its conversation does not hold. Times are on the session's own clock, in ms. */
export interface SessionFacts {
  readonly origin: Origin;
  readonly startedAtMs: number;
  readonly nowMs: number;
  /** 0 if the client reads. */
  readonly stalledMs: number;
  /** The normal forms of statements may be shown. */
  readonly showsStatements: boolean;
}

/**
 * The present state of a session, for operators. Computes the digest of the statement under way, so do not call it for
 * every query.
 */
export function viewOf(conversation: Conversation<GovernedUsage>, facts: SessionFacts): SessionView {
  const { origin, startedAtMs, nowMs, stalledMs } = facts;
  const command = conversation.isSettingUp ? null : conversation.commands.head; // Sluice's own command is not shown
  const { session, user, schema, client, program, connectionId } = origin;
  return {
    session, user, schema, client, program, connectionId,
    state: stateOf(conversation),
    ageMs: Math.round(nowMs - startedAtMs),
    command: command === null ? null : commandView(command, conversation.statusFlags, facts),
    stalledMs: stalledMs === 0 ? null : Math.round(stalledMs),
  };
}

function stateOf({ phase, commands, server }: Conversation): string {
  if (phase !== 'commands') return phase;
  if (server.isDiscarding) return 'discarding';
  return commands.length === 0 ? 'idle' : 'running';
}

function commandView(command: PendingCommand<GovernedUsage>, statusFlags: number, facts: SessionFacts): CommandView {
  const { nowMs, showsStatements } = facts;
  const { usage } = command;
  const statement = usage?.statement ?? Statement.of(command, statusFlags);
  return {
    command: commandName(command.code),
    digest: statement.digest?.hash ?? null,
    digestText: showsStatements ? statement.digest?.text ?? null : null,
    runningMs: Math.round(nowMs - command.startedAtMs),
    rows: usage?.rows ?? 0,
    bytes: usage?.bytes ?? 0,
    rule: usage?.terms.rule ?? null,
    class: usage?.terms.responseClass ?? null,
    signal: usage?.terms.signal ?? null,
    isAdmitted: usage?.isAdmitted ?? false,
  };
}
