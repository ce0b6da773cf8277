import type { Logger } from 'pino';
import { type AuditTarget, type MovableAuditLog, openAuditLog } from '../../audit/auditLog.js';
import { world } from '../../world/world.js';

// The audit log of `sluice run`.

/** Standard output is the command's, so records that would go there are not written. */
const UNWRITTEN: MovableAuditLog = {
  write() {},
  reopen() {},
  droppedRecords: 0,
  close: () => Promise.resolve({ lostLines: 0, hangs: false }),
};

/**
 * Opens the audit log of a command.
 * @param take is called with each record, with its time
 * @throws the file system's error if the file cannot be opened
 */
export function openRunAudit(target: AuditTarget, log: Logger, take: (record: object) => void): MovableAuditLog {
  const written = target.to === 'stdout' ? UNWRITTEN : openAuditLog(target, log);
  return {
    write(record) {
      written.write(record);
      take({ time: new Date(world.dateMs()).toISOString(), ...record });
    },
    reopen: (next) => written.reopen(next),
    get droppedRecords() {
      return written.droppedRecords;
    },
    close: () => written.close(),
  };
}
