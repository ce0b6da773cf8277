import { formatAddress } from '../../config/address.js';
import type { Address } from '../../config/config.js';
import { UsageError } from '../command.js';
import { UrlError, urlPlace, type UrlPlace } from './urlPlace.js';

// The environment of the command: it holds the address of the proxy.

/** A variable that holds a URL, with the place of the server's address in it. */
export interface Rewrite {
  readonly name: string;
  readonly place: UrlPlace;
}

/**
 * Finds the URLs in which the proxy's address will stand.
 * @param names the variables that hold them
 * @throws {UsageError} with all variables that are missing, or hold no such URL
 */
export function rewritesOf(names: readonly string[], environment: NodeJS.ProcessEnv): Rewrite[] {
  const problems: string[] = [];
  const rewrites = names.flatMap((name) => {
    const url = environment[name];
    try {
      if (url === undefined) throw new UrlError('the environment has no such variable');
      return [{ name, place: urlPlace(url) }];
    } catch (error) {
      if (!(error instanceof UrlError)) throw error;
      problems.push(`--rewrite ${name}: ${error.message}`);
      return [];
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
  return rewrites;
}

/** The variables in which a program finds the proxy. */
export function proxyVariables({ host, port }: Address): Readonly<Record<string, string>> {
  return { SLUICE_HOST: host, SLUICE_PORT: String(port), MYSQL_HOST: host, MYSQL_TCP_PORT: String(port) };
}

/**
 * The environment of the command.
 * @param proxy the address of the proxy
 * @param below the environment of Sluice itself
 */
export function environmentFor(
  proxy: Address, rewrites: readonly Rewrite[], below: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const urls = rewrites.map(({ name, place: { before, behind } }) =>
    [name, `${before}${formatAddress(proxy)}${behind}`]);
  return { ...below, ...proxyVariables(proxy), ...Object.fromEntries(urls) };
}
