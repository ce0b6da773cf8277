import type { Address } from '../config.js';
import { formatAddress, isHost, parseAddress } from './address.js';
import { integer, leaf, type Kind } from './kinds.js';
import { isObject, section, type Section, type Setting } from './section.js';

/** A kind of address, and the settings that it is made of. */
export interface AddressForm<T> extends Kind<T> {
  readonly asObject: Section<T>;
}

interface AddressSettings {
  readonly host: Setting<string>;
  readonly port: Setting<number>;
}

/** @param lowestPort 0 where any free port will do */
function addressSettings(defaultPort: number, lowestPort: number): AddressSettings {
  return {
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
  };
}

/**
 * An address as "host:port", or as an object.
 * @param lowestPort 0 where any free port will do
 */
export function address(defaultPort: number, lowestPort: number): Kind<Address> {
  const settings = addressSettings(defaultPort, lowestPort);
  return { ...textOr(section<Address>(settings), '{"host", "port"}', defaultPort, lowestPort), write: formatAddress };
}

/**
 * An address as "host:port", or as an object, which has room for how that end is encrypted.
 * @param lowestPort 0 where any free port will do
 * @param tls the kind of that end's encryption
 */
export function encryptedAddress<Tls>(
  defaultPort: number, lowestPort: number, tls: Kind<Tls>,
): AddressForm<Address & { readonly tls: Tls }> {
  const settings = { ...addressSettings(defaultPort, lowestPort), tls: { kind: tls, fallback: {} } };
  const asObject = section<Address & { readonly tls: Tls }>(settings);
  return { ...textOr(asObject, '{"host", "port", "tls"}', defaultPort, lowestPort), asObject };
}

/** Whether a kind is of addresses that are made of several settings. */
export function isAddressForm(kind: Kind<unknown>): kind is AddressForm<unknown> {
  return 'asObject' in kind;
}

function textOr<T extends Address>(
  asObject: Section<T>, objectForm: string, defaultPort: number, lowestPort: number,
): Kind<T> {
  const expected = `"host:port", "[ipv6]:port" or ${objectForm}`;
  const asText = leaf({
    expected,
    expectedAsText: 'HOST:PORT or [IPV6]:PORT',
    parse: (found) => (typeof found === 'string' ? parseAddress(found, defaultPort, lowestPort) : undefined),
  });
  return {
    ...asText,
    write: (value) => asObject.write(value),
    // The address is replaced, and what else stands in the object stays.
    fromText(text, below) {
      const replacement = parseAddress(text, defaultPort, lowestPort);
      return isObject(below) && replacement ? { ...below, ...replacement } : text;
    },
    read(found, path, findings) {
      if (isObject(found)) return asObject.read(found, path, findings);
      const parsed = asText.read(found, path, findings);
      return parsed && asObject.read({ ...parsed }, path, findings);
    },
  };
}
