import type { Config } from '../../src/config/config.js';
import { loadWithNotices } from '../../src/config/load.js';
import type { ProxySettings } from '../support/inProcess.js';
import type { Surroundings } from './plan.js';
import { SLUICE_HOST } from './world/simulatedWorld.js';

/** The address on which Sluice listens in every world. */
export const SLUICE = { host: SLUICE_HOST, port: 3306 } as const;

/** The address of a server. */
export const serverAt = (index: number): { readonly host: string, readonly port: number } =>
  ({ host: `10.0.1.${index + 1}`, port: 3306 });

/** The address of a client. */
export const clientHost = (name: string): string => `10.0.2.${name.slice(1)}`;

/** The name of a server, in worlds with names. */
export const serverName = (index: number): string => `db${index}`;

/** The configuration of a world with these settings and this number of servers. */
export const configOf = (settings: ProxySettings, servers: number, around: Surroundings = {}): Config => {
  const { tls = { listen: 'off', upstream: 'off' }, names = false, workers = 1, admin = false } = around;
  const json = {
    listen: { ...SLUICE, tls: { mode: tls.listen } },
    upstream: Array.from({ length: servers }, (_, index) => {
      const { host, port } = serverAt(index);
      return { host: names ? serverName(index) : host, port, tls: { mode: tls.upstream } };
    }),
    workers,
    ...(admin ? { admin: { listen: '127.0.0.1:9307' } } : {}),
    ...settings,
  };
  return loadWithNotices({}, {}, () => JSON.parse(JSON.stringify(json)) as unknown).config;
};
