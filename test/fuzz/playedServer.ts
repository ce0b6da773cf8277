import { Command, LAST_PREPARED_STATEMENT_ID } from '../../src/protocol/commands.js';
import { Status } from '../../src/protocol/status.js';
import * as wire from '../support/wirePackets.js';

/** A server that answers commands as they come: each answer follows from the commands so far. */
export class PlayedServer {
  /** The id of the statement that was prepared last. */
  lastId = 0;
  private last: number | null = null;
  /** The statements, and whether a cursor is open. */
  private readonly statements = new Map<number, { hasCursor: boolean }>();

  constructor(private readonly dialect: wire.DialectName) {}

  /** The packets that answer a command; none for one without an answer. */
  answer(payload: Buffer): Buffer {
    return wire.packetsFrom(1, ...this.payloadsFor(payload));
  }

  private payloadsFor(payload: Buffer): Buffer[] {
    const { dialect } = this;
    switch (payload[0]) {
      case Command.QUERY:
        return payload.includes('SELECT') ? wire.resultSet(dialect, this.rows(payload, wire.textRow)) : [wire.ok()];
      case Command.STMT_PREPARE:
        return this.prepare(payload);
      case Command.STMT_EXECUTE:
        return this.execute(payload);
      case Command.STMT_FETCH:
        return this.fetch(payload);
      case Command.STMT_RESET:
        return this.named(payload, (statement) => {
          statement.hasCursor = false;
          return [wire.ok()];
        });
      case Command.STMT_CLOSE:
        return this.close(payload);
      case Command.STMT_SEND_LONG_DATA:
        return [];
      case Command.RESET_CONNECTION:
        this.statements.clear();
        this.last = null;
        return [wire.ok()];
      default:
        return [wire.ok()];
    }
  }

  private rows(payload: Buffer, row: (value: string) => Buffer): Buffer[] {
    return Array.from({ length: payload.length % 5 }, (_, index) => row(`row ${index}`));
  }

  private prepare(payload: Buffer): Buffer[] {
    this.lastId += 1;
    this.last = this.lastId;
    this.statements.set(this.lastId, { hasCursor: false });
    return wire.preparedAnswer(this.dialect, this.lastId, 1, payload.includes('?') ? 1 : 0);
  }

  private execute(payload: Buffer): Buffer[] {
    return this.named(payload, (statement) => {
      statement.hasCursor = (payload[5]! & 1) !== 0;
      if (!statement.hasCursor) return wire.resultSet(this.dialect, this.rows(payload, wire.binaryRow));
      const opened = wire.resultSet(this.dialect, [], { statusFlags: Status.AUTOCOMMIT | Status.CURSOR_EXISTS });
      return this.dialect === 'eof' ? opened.slice(0, -1) : opened;
    });
  }

  private fetch(payload: Buffer): Buffer[] {
    return this.named(payload, (statement) => {
      if (!statement.hasCursor) return [wire.err(1421, 'no cursor')];
      statement.hasCursor = false;
      return [wire.binaryRow('fetched'), wire.rowsEnd(this.dialect, Status.AUTOCOMMIT | Status.LAST_ROW_SENT)];
    });
  }

  private close(payload: Buffer): Buffer[] {
    const id = this.idIn(payload);
    if (id !== null) this.statements.delete(id);
    if (this.last === id) this.last = null;
    return [];
  }

  private idIn(payload: Buffer): number | null {
    const id = payload.readUInt32LE(1);
    return id === LAST_PREPARED_STATEMENT_ID ? this.last : id;
  }

  private named(payload: Buffer, then: (statement: { hasCursor: boolean }) => Buffer[]): Buffer[] {
    const id = this.idIn(payload);
    const statement = id === null ? undefined : this.statements.get(id);
    return statement === undefined ? [wire.err(1243, 'unknown')] : then(statement);
  }
}
