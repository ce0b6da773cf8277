import { makeAuthority } from '../../support/certificates.js';
import { IN_CLEAR } from '../../support/sluice.js';
import type { Bench } from '../bench.js';
import { type Competitor, REFERENCE } from '../competitors.js';
import { commandLineLoad } from './compression.js';

export const ENCRYPTION_SECTION = 'features: TLS';

/**
 * The cost of decrypting and encrypting on either connection, with a real client and server. A relay that reads
 * nothing passes TLS through.
 */
export const encryption = async (
  bench: Bench, variant: (name: string, config: object) => Competitor, plain: string,
): Promise<void> => {
  const { port } = await bench.database('mysql');
  const scope = bench.nested();
  const { cert, key } = await (await makeAuthority(scope)).issue('localhost');
  const toClient = { listen: { host: '127.0.0.1', tls: { mode: 'optional', cert, key } } };
  const toServer = { upstream: { host: '127.0.0.1', tls: { mode: 'required' } } };
  const reference = bench.competitors.filter(({ name }) => name === REFERENCE);
  const inClear = commandLineLoad(bench, 'mysql', 'a client in the clear', ['--ssl-mode=DISABLED']);
  await bench.interleave(ENCRYPTION_SECTION, port, [inClear], [
    variant(plain, IN_CLEAR), variant('TLS to the server', toServer), ...reference,
  ]);
  const encrypted = commandLineLoad(bench, 'mysql', 'a client that encrypts', ['--ssl-mode=REQUIRED']);
  await bench.interleave(ENCRYPTION_SECTION, port, [encrypted], [
    variant('TLS to the client', { ...IN_CLEAR, ...toClient }),
    variant('TLS on both sides', { ...toServer, ...toClient }), ...reference,
  ]);
  await scope.close();
};
