import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { mysql9Program } from '../support/servers.js';
import {
  haproxy, mysqlRouter, nginx, startConfigured, startDirect, startPipe, startSluiceWith, type StartRelay,
} from './relays.js';

/** A program, or a direct connection, that is measured. */
export interface Competitor {
  readonly name: string;
  readonly version: string;
  readonly start: StartRelay;
}

/** The competitor that the others' numbers are divided by. */
export const REFERENCE = 'HAProxy';
export const SLUICE = 'Sluice';
export const DIRECT = 'direct';

/** The competitors that were found, and those that are missing. */
export const findCompetitors = (): { readonly found: readonly Competitor[]; readonly missing: readonly string[] } => {
  const paths = {
    haproxy: programPath('haproxy'),
    nginx: existsSync(NGINX_STREAM) ? programPath('nginx') : null,
    router: programPath('mysqlrouter') ?? existing(mysql9Program('mysqlrouter')),
  };
  const found: Competitor[] = [{ name: DIRECT, version: '', start: startDirect }];
  if (paths.haproxy !== null) {
    found.push(
      { name: REFERENCE, version: version(paths.haproxy, '-v'), start: startConfigured(haproxy(paths.haproxy)) },
    );
  }
  found.push({ name: SLUICE, version: packageVersion(), start: startSluiceWith({}) });
  if (paths.nginx !== null) {
    found.push({ name: 'nginx', version: version(paths.nginx, '-v'), start: startConfigured(nginx(paths.nginx)) });
  }
  if (paths.router !== null) {
    const start = startConfigured(mysqlRouter(paths.router, existing(ROUTER_PLUGINS)));
    found.push({ name: 'MySQL Router', version: version(paths.router, '--version'), start });
  }
  found.push({ name: 'a.pipe(b)', version: `Node ${process.versions.node}`, start: startPipe });
  const missing = Object.entries(paths).filter(([, path]) => path === null).map(([name]) => NAMES[name] ?? name);
  return { found, missing };
};

const NGINX_STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';
/** Where Debian's packages of MySQL Router are unpacked beside MySQL 9 instead of installed. */
const ROUTER_PLUGINS = join(dirname(mysql9Program('mysqlrouter')), '../root/usr/lib/mysqlrouter/plugin');
const NAMES: Record<string, string> = {
  haproxy: 'HAProxy', nginx: 'nginx with its stream module', router: 'MySQL Router',
};

const existing = (path: string): string | null => (existsSync(path) ? path : null);

/** Debian keeps servers where an ordinary user's PATH does not look. */
const programPath = (name: string): string | null => {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
};

/** The version number in a program's output; nginx writes it to standard error. */
const version = (program: string, flag: string): string => {
  const said = execFileSync('/bin/sh', ['-c', '"$1" "$2" 2>&1', 'version', program, flag], { encoding: 'utf8' });
  return /\d+\.\d+(\.\d+)?/.exec(said)?.[0] ?? 'unknown';
};

const packageVersion = (): string => {
  const { version: own } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  return own;
};
