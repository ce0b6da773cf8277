import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { parameterFields, statementFields } from '../../audit/record.js';
import type { CommandView, SessionDetail, SessionState, SessionView } from '../../telemetry/status.js';
import { allTags, type GovernedUsage } from '../../policy/governedUsage.js';
import { Statement } from '../../policy/statement.js';
import { traceContextOf } from '../../policy/traceContext.js';
import { commandName } from '../../protocol/commands.js';
import type { PendingCommand } from '../../conversation/command.js';
import type { SessionControls } from './sessionControls.js';

/**
 * The present state of a session, for operators. Computes the digest of the statement under way, so do not call it for
 * every query.
 * @param startedAtMs when it began, on its own clock
 * @param isHolding whether rows of the response under way are held back
 */
export function viewOf(session: SessionControls, startedAtMs: number, isHolding: boolean): SessionView {
  const { conversation, responses, connections } = session;
  const nowMs = conversation.options.now();
  const command = commandOf(session);
  const { transactionSinceMs } = conversation;
  const { stalledMs } = responses;
  const { session: id, user, schema, client, program, connectionId, upstream } = session.origin();
  return {
    session: id, user, schema, client, program, connectionId, upstream,
    tls: conversation.phase === 'tls'
      ? PASSED_THROUGH
      : { client: tlsVersion(connections.client), upstream: tlsVersion(connections.upstream) },
    state: stateOf(session, isHolding, nowMs),
    ageMs: Math.round(nowMs - startedAtMs),
    inTransactionMs: transactionSinceMs === null ? null : Math.round(nowMs - transactionSinceMs),
    command: command === null ? null : commandView(session, command, nowMs),
    stalledMs: stalledMs === 0 ? null : Math.round(stalledMs),
  };
}

/** The same with the statement, as far as the settings of the audit permit. */
export function detailOf(session: SessionControls, startedAtMs: number, isHolding: boolean): SessionDetail {
  const command = commandOf(session);
  const { audit } = session.shared.config;
  const statement = command === null ? null : {
    ...statementFields(statementOf(session, command), audit), ...parameterFields(command, audit),
  };
  return { ...viewOf(session, startedAtMs, isHolding), statement };
}

/** The command under way. Sluice's own command is not shown. */
function commandOf({ conversation }: SessionControls): PendingCommand<GovernedUsage> | null {
  return conversation.ownCommand === null ? conversation.commands.head : null;
}

function statementOf({ conversation }: SessionControls, command: PendingCommand<GovernedUsage>): Statement {
  return command.usage?.statement ?? Statement.of(command, conversation.statusFlags);
}

function stateOf(session: SessionControls, isHolding: boolean, nowMs: number): SessionState {
  const { phase, commands, server, transactionSinceMs } = session.conversation;
  if (phase !== 'commands') return phase;
  if (server.isDiscarding) return 'discarding';
  if (session.responses.stalledMs >= STALLED_AFTER_MS) return 'stalled';
  if (commands.length === 0) return transactionSinceMs === null ? 'idle' : 'in-transaction';
  const { usage } = server;
  if (usage === null) return 'running';
  if (isHolding) return 'held-back';
  if (usage.isPaused) return 'waiting-for-budget';
  return isReadSlowly(session, usage, nowMs) ? 'reading-slowly' : 'running';
}

/** Whether the server has waited for the client for most of a response's time. */
function isReadSlowly({ responses }: SessionControls, usage: GovernedUsage, nowMs: number): boolean {
  if (usage.firstRowAtMs === 0) return false;
  const elapsedMs = nowMs - usage.firstRowAtMs;
  return elapsedMs >= SLOW_AFTER_MS && responses.totalStallMs - usage.stallMsBefore > elapsedMs / 2;
}

function commandView(session: SessionControls, command: PendingCommand<GovernedUsage>, nowMs: number): CommandView {
  const { usage } = command;
  const { audit } = session.shared.config;
  const statement = statementOf(session, command);
  const tags = usage?.tags ?? allTags(statement.tags, command.attributes);
  const elapsedMs = usage === null || usage.firstRowAtMs === 0 ? 0 : nowMs - usage.firstRowAtMs;
  const perSecond = (amount: number): number | null =>
    (elapsedMs < LEAST_MEASURED_MS ? null : Math.round((amount / elapsedMs) * 1000));
  return {
    command: commandName(command.code),
    digest: statement.digest?.hash ?? null,
    digestText: audit.sql === 'none' ? null : statement.digest?.text ?? null,
    runningMs: Math.round(nowMs - command.startedAtMs),
    rows: usage?.rows ?? 0,
    bytes: usage?.bytes ?? 0,
    rowsPerSecond: perSecond(usage?.forwardedRows ?? 0),
    bytesPerSecond: perSecond(usage?.forwardedBytes ?? 0),
    rule: usage?.terms.rule ?? null,
    class: usage?.terms.responseClass ?? null,
    signal: usage?.terms.signal ?? null,
    isAdmitted: usage?.isAdmitted ?? false,
    tags: Object.fromEntries(audit.tags.filter((name) => tags.has(name)).map((name) => [name, tags.get(name)!])),
    traceId: traceContextOf(tags)?.traceId ?? null,
  };
}

function tlsVersion(socket: Socket): string | null {
  return socket instanceof TLSSocket ? socket.getProtocol() : null;
}

const PASSED_THROUGH = { client: 'passthrough', upstream: 'passthrough' } as const;

/** A client that takes nothing for this long is stalled. Between two reads of a slow one less time passes. */
const STALLED_AFTER_MS = 2000;
/** Sooner than this after its first row, the client of a response is not called slow. */
const SLOW_AFTER_MS = 1000;
/** No rate is shown before this time after the first row. */
const LEAST_MEASURED_MS = 100;
