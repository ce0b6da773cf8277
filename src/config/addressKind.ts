import type { Address } from './config.js';
import { formatAddress, isHost, parseAddress } from './address.js';
import { integer, leaf, type Kind } from './schema/kinds.js';
import { isObject, section } from './schema/section.js';

/**
 * An address as "host:port", or as an object, which has room for what belongs to that end.
 * @param lowestPort 0 where any free port will do
 */
export function address(defaultPort: number, lowestPort: number): Kind<Address> {
  const expected = `"host:port", "[ipv6]:port" or {"host", "port"}`;
  const asObject = section<Address>({
    host: {
      kind: leaf({
        expected: 'a host name or an IP address',
        parse: (found) => (typeof found === 'string' && isHost(found) ? found : undefined),
      }),
      about: 'a host name or an IP address',
    },
    port: {
      kind: integer({ min: lowestPort, max: 65535, expected: `a port from ${lowestPort} to 65535` }),
      fallback: defaultPort,
    },
  });
  const asText = leaf({
    expected,
    expectedAsText: 'HOST:PORT or [IPV6]:PORT',
    parse: (found) => (typeof found === 'string' ? parseAddress(found, defaultPort, lowestPort) : undefined),
    write: formatAddress,
  });
  return {
    ...asText,
    // The address is replaced, and what else stands in the object stays.
    fromText(text, below) {
      const replacement = parseAddress(text, defaultPort, lowestPort);
      return isObject(below) && replacement ? { ...below, ...replacement } : text;
    },
    read: (found, path, findings) => (isObject(found) ? asObject : asText).read(found, path, findings),
  };
}
