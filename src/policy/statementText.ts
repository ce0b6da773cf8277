import type { PendingCommand } from '../session/command.js';

/** What is known of the text of a command's statement. */
export interface StatementText {
  /** Its front; null where the command has no text, or it was given up to stay within bounds. */
  readonly text: string | null;
  /** The text goes on behind what is here. */
  readonly isTruncated: boolean;
}

/** The statement that a command carries, or executes. Bytes that are not UTF-8 are shown as U+FFFD. */
export function statementText(command: PendingCommand): StatementText {
  const { statement } = command;
  const bytes = statement === null ? command.text : statement.sql;
  const wholeBytes = statement === null ? command.textBytes : statement.sqlBytes;
  if (bytes === null) return { text: null, isTruncated: false };
  return { text: bytes.toString(), isTruncated: bytes.length < wholeBytes };
}
