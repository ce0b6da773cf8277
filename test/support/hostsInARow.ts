import { type BadLink, layLink } from './badLink.js';
import type { Lifetime } from './guard.js';
import { type Namespace, runWithin, startNamespace } from './networkNamespace.js';

/** Three hosts in a row, `client | proxy | server`, each a network namespace, with a cable between neighbours. */
export interface HostsInARow {
  readonly client: Namespace;
  readonly proxy: Namespace;
  readonly server: Namespace;
  /** The address at which the client reaches the proxy. */
  readonly proxyAddress: string;
  /** The address at which the proxy reaches the server. */
  readonly serverAddress: string;
  readonly clientCable: BadLink;
  readonly serverCable: BadLink;
}

// Of the block that RFC 2544 reserves for benchmarks of networks. No other host reaches these namespaces.
const ADDRESSES = {
  client: '198.18.1.1', proxyToClient: '198.18.1.2', proxyToServer: '198.18.2.1', server: '198.18.2.2',
} as const;

/** Starts the hosts and lays the cables; they end with `t`. Throws when this machine allows no network namespace. */
export const startHostsInARow = async (t: Lifetime): Promise<HostsInARow> => {
  const [client, proxy, server] = [await start(t), await start(t), await start(t)];
  const clientCable = await layLink(t,
    { namespace: client, device: 'cable', address: ADDRESSES.client },
    { namespace: proxy, device: 'to-client', address: ADDRESSES.proxyToClient });
  const serverCable = await layLink(t,
    { namespace: proxy, device: 'to-server', address: ADDRESSES.proxyToServer },
    { namespace: server, device: 'cable', address: ADDRESSES.server });
  return {
    client, proxy, server, clientCable, serverCable,
    proxyAddress: ADDRESSES.proxyToClient, serverAddress: ADDRESSES.server,
  };
};

const start = async (t: Lifetime): Promise<Namespace> => {
  const namespace = await startNamespace(t);
  if (namespace === null) throw new Error('this machine allows no network namespace');
  await runWithin(namespace, ['ip', 'link', 'set', 'lo', 'up']);
  return namespace;
};

/**
 * Lets the kernels of all hosts notice a cut cable within seconds: a sender after 1.4 s without an acknowledgement, an
 * idle host after 3 s. By default they take 15 minutes and 2 hours. Holds for connections that begin after it.
 */
export const makeImpatient = async ({ client, proxy, server }: HostsInARow): Promise<void> => {
  const settings = { retries2: 2, keepalive_time: 1, keepalive_intvl: 1, keepalive_probes: 2 };
  const lines = Object.entries(settings).map(([name, value]) => `echo ${value} > /proc/sys/net/ipv4/tcp_${name}`);
  for (const host of [client, proxy, server]) await runWithin(host, ['sh', '-c', lines.join(' && ')]);
};
