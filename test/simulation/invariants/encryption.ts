import type { WorldRun } from '../runWorld.js';

/**
 * If encryption is required on a connection, nobody is let in over it in clear. If it is only offered, the client
 * decides. The counts of encrypted connections are those of the models.
 */
export const checkEncryption = ({ plan, ledger, metrics, violations }: WorldRun): void => {
  const { tls } = plan.around ?? {};
  if (tls === undefined) return;
  const wrong = (text: string): void => violations.add('encryption', text);
  for (const { user, isLoggedIn, isEncrypted, wasOfferedTls, serverIndex } of ledger.connections) {
    if (!isLoggedIn) continue;
    const serverOffers = plan.servers[serverIndex ?? 0]!.offersTls === true;
    if (tls.listen === 'auto' && wasOfferedTls !== serverOffers) wrong(`${user} is offered other than its server does`);
    if (tls.listen === 'required' && !isEncrypted.client) wrong(`${user} is let in, in clear`);
    if (tls.upstream === 'required' && !isEncrypted.server) wrong(`${user} is logged in at its server in clear`);
    if (tls.listen === 'off' && isEncrypted.client) wrong(`${user} is encrypted, and that is off`);
    if (tls.upstream === 'off' && isEncrypted.server) wrong(`${user} is encrypted to its server, and that is off`);
  }
  const all = ledger.connections;
  for (const [leg, side] of [['client', 'client'], ['upstream', 'server']] as const) {
    // A login that is lost may count: the server does not know to whom it belonged.
    const most = all.filter(({ isEncrypted, isLoggedIn }) => isEncrypted[side] || !isLoggedIn).length;
    const least = all.filter(({ isEncrypted, isLoggedIn }) => isEncrypted[side] && isLoggedIn).length;
    const counted = [...metrics.encryptions.all()]
      .filter(({ labels }) => labels['leg'] === leg && labels['tls'] !== 'none')
      .reduce((sum, { count }) => sum + count, 0);
    if (counted > most || counted < least) {
      wrong(`${counted} encrypted connections (${leg}) counted, and there were ${least} to ${most}`);
    }
  }
};
