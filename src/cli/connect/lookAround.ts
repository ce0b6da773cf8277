import type { Config } from '../../config/config.js';
import { type Finding, pathOf } from './finding.js';
import { lookAtAudit, lookAtCertificates, lookAtListener } from './host.js';
import { lookAtServer } from './server.js';

/**
 * Tries everything outside a configuration that it needs: servers with the account that kills, addresses to listen on,
 * the audit file, and the dates of certificates.
 * @param nowMs the time of day, in ms since 1970
 * @returns one finding or more for each, in the order of the settings; `connections.connectTimeout` ends each wait
 */
export async function lookAround(config: Config, nowMs: number): Promise<readonly Finding[]> {
  const { listen, upstream, admin } = config;
  // Servers are asked side by side. Listeners are tried one after the other, because two of them may be the same.
  const servers = Promise.all(upstream.map((server, index) =>
    lookAtServer(server, pathOf('upstream', index, upstream.length), config, nowMs)));
  const found: Finding[] = [];
  for (const [index, { at }] of listen.entries()) {
    found.push(await lookAtListener(at, pathOf('listen', index, listen.length), '--listen'));
  }
  found.push(...(await servers).flat(), lookAtAudit(config.audit.to));
  if (admin !== null) found.push(await lookAtListener(admin.listen, 'admin.listen', '--admin'));
  return [...found, ...lookAtCertificates(config, nowMs)];
}
