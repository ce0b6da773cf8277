import type { Test } from 'tap';
import type { Config } from '../../src/config/config.js';
import type { GovernedUsage } from '../../src/policy/governedUsage.js';
import { Guard } from '../../src/policy/guard.js';
import { JdbcStreaming } from '../../src/policy/signals.js';
import type { SqlServer } from '../../src/sql/sqlServer.js';
import type { Subject } from '../../src/policy/subject.js';
import { Command } from '../../src/protocol/commands.js';
import { newCommand, type PendingCommand, responseShape } from '../../src/conversation/command.js';
import { load, withUpstream } from '../config/configFile.js';

// Usages as in a session, without a session.

/** A COM_QUERY that has arrived, with this many bytes of its text kept. */
export const queryCommand = (sql: string, number = 1, keptBytes = Infinity): PendingCommand => {
  const text = Buffer.from(sql);
  const command = newCommand(Command.QUERY, responseShape(Command.QUERY), number, 0);
  const kept = text.subarray(0, keptBytes);
  return Object.assign(command, { hasArrived: true, text: kept, textBytes: text.length });
};

/** A command on a prepared statement with this text; null when the text was dropped. */
export const statementCommand = (code: number, sql: string | null, number = 1): PendingCommand => {
  const text = sql === null ? null : Buffer.from(sql);
  const sqlBytes = text?.length ?? 70_000;
  const statement = { id: 1, sql: text, sqlBytes, parameterCount: 0, columnTypes: null, cursorUsage: null, kept: null };
  const command = newCommand(code, responseShape(code), number, 0);
  return Object.assign(command, { hasArrived: true, statementId: 1, statement });
};

/** An ordinary client. */
export const SUBJECT: Subject = { user: 'app', schema: 'shop', address: '10.0.0.7', attributes: new Map() };

const read = new Map<string, Config>();

/** Settings as in a configuration file, read with all defaults: once, for some tests ask for them hundreds of times. */
export const settings = (t: Test, given: object): Config => {
  const text = JSON.stringify(given);
  const config = read.get(text) ?? load(t, withUpstream(given));
  read.set(text, config);
  return config;
};

export interface Governing {
  readonly subject?: Partial<Subject>;
  readonly jdbc?: JdbcStreaming;
  readonly server?: SqlServer;
  /** The time of day, in ms since 1970. */
  readonly atMs?: number;
}

/** Has a new guard with these settings choose the terms of a command's response. */
export const govern = (
  t: Test, given: object, command: PendingCommand | string, { subject, jdbc, server, atMs }: Governing = {},
): { usage: GovernedUsage; guard: Guard } => {
  const guard = new Guard(settings(t, given), () => atMs ?? 0);
  const asked = typeof command === 'string' ? queryCommand(command) : command;
  const profile = guard.profile({ ...SUBJECT, ...subject }, server);
  return { usage: guard.govern(asked, profile, 0, jdbc ?? new JdbcStreaming()), guard };
};
