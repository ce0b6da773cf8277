// Checks of this host for a configuration: addresses, the audit file, certificates.

import { closeSync, existsSync, unlinkSync } from 'node:fs';
import { once } from 'node:events';
import { openAppending } from '../../audit/auditLog.js';
import type { Config, Place } from '../../config/config.js';
import { formatPlace, isSocketFile } from '../../config/address.js';
import { expiriesIn, expiryAdvice } from '../../config/expiry.js';
import { formatMoment } from '../../config/schema/moment.js';
import { makeRoom } from '../../relay/listen/socketFile.js';
import { errorCode, errorText } from '../../text/errorText.js';
import { cannotListen } from '../listening.js';
import type { Finding } from './finding.js';
import { world } from '../../world/world.js';

/**
 * Listens on an address for a moment.
 * @param flag the flag that gives another address
 */
export async function lookAtListener(at: Place, path: string, flag: string): Promise<Finding> {
  const server = world.createServer({}, (client) => client.destroy());
  try {
    if (isSocketFile(at)) await makeRoom(at.path);
    server.listen(at);
    await once(server, 'listening');
    return { state: 'ok', path, says: `can listen on ${formatPlace(at)}` };
  } catch (error) {
    const isTaken = errorCode(error) === 'EADDRINUSE';
    if (!isTaken) return { state: 'FAILED', path, says: cannotListen(at, error, flag) };
    const says = `a program listens on ${formatPlace(at)}: a Sluice that runs already, or another`;
    return { state: 'note', path, says };
  } finally {
    server.close();
  }
}

/** Opens the audit file as the proxy does, and removes it again if it did not exist. */
export function lookAtAudit(to: string): Finding {
  const path = 'audit.to';
  if (to === 'stdout') return { state: 'ok', path, says: 'records go to standard output' };
  const isNew = !existsSync(to);
  try {
    closeSync(openAppending(to));
    if (isNew) unlinkSync(to);
    return { state: 'ok', path, says: `${to} can be written${isNew ? ', and is not there yet' : ''}` };
  } catch (error) {
    return { state: 'FAILED', path, says: `${errorText(error)}: give a file that can be written, or "stdout"` };
  }
}

/** The dates of all certificates that are files. */
export function lookAtCertificates(config: Config, nowMs: number): Finding[] {
  return expiriesIn(config).filter(({ kind }) => kind === 'certificate').map((expiry): Finding => {
    const { path, name, atMs } = expiry;
    const advice = expiryAdvice(expiry, nowMs);
    if (advice === null) return { state: 'ok', path, says: `${name} expires at ${formatMoment(atMs)}` };
    return { state: nowMs >= atMs ? 'FAILED' : 'note', path, says: advice.slice(`${path}: `.length) };
  });
}
