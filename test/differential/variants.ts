import { Capability } from '../../src/protocol/capabilities.js';
import { OPENABLE_COMPRESSIONS } from '../../src/protocol/compression.js';
import type { ServerKind } from '../support/servers.js';
import { IN_CLEAR } from '../support/sluice.js';
import { BASE_CAPABILITIES as BASE } from '../support/wireClient.js';

/** The capabilities of both ends and the settings of the proxy for one run of the list. */
export interface Variant {
  readonly name: string;
  /** Capabilities that the client asks for if the server offers them. */
  readonly capabilities: bigint;
  /** Capabilities that the client asks for even when nobody offers them. */
  readonly overreaching?: bigint;
  readonly config: object;
  /** Slow groups run as well. */
  readonly isLarge?: true;
  /** Whether it runs with every `npm test`. The variants that do cover every group. */
  readonly isUsual?: true;
  /** The capability flags that the proxy clears besides those that it always clears. */
  readonly clears?: bigint;
}

const MODERN = BASE | Capability.DEPRECATE_EOF | Capability.SESSION_TRACK;

/** Capabilities of only one kind of server. MariaDB's bits are in effect without LONG_PASSWORD. */
const OWN: Record<ServerKind, bigint> = {
  mariadb: Capability.MARIADB_PROGRESS | Capability.MARIADB_STMT_BULK_OPERATIONS | Capability.MARIADB_EXTENDED_METADATA
    | Capability.MARIADB_CACHE_METADATA,
  mysql: Capability.QUERY_ATTRIBUTES | Capability.OPTIONAL_RESULTSET_METADATA | Capability.MULTI_FACTOR_AUTHENTICATION
    | Capability.CAN_HANDLE_EXPIRED_PASSWORDS,
};

const extended = (capabilities: bigint, kind: ServerKind): bigint =>
  (kind === 'mariadb' ? capabilities & ~Capability.LONG_PASSWORD : capabilities) | OWN[kind];

/** Bits that the server does not offer: reserved ones, and MySQL's to MariaDB. */
const UNOFFERED: Record<ServerKind, bigint> = {
  mariadb: (1n << 29n) | (1n << 33n) | (1n << 45n) | Capability.QUERY_ATTRIBUTES |
      Capability.OPTIONAL_RESULTSET_METADATA,
  mysql: 1n << 29n,
};

/** The settings of the proxy in every variant that has none of its own. */
const COMMON = { limits: { rows: null, bytes: null } };
/** Every row is read, every parameter decoded, and each result leaves a record. */
const WATCHED = { mode: 'audit', limits: { rows: 1, bytes: 64 }, streaming: { signals: [] }, audit: { params: true } };

/** MySQL also compresses with zstd, and so does this client if its Node can. */
const hasZstd = (kind: ServerKind): boolean =>
  kind === 'mysql' && (OPENABLE_COMPRESSIONS & Capability.ZSTD_COMPRESSION_ALGORITHM) !== 0n;

export const variantsOf = (kind: ServerKind): readonly Variant[] => {
  const [modern, base] = [extended(MODERN, kind), extended(BASE, kind)];
  const variants: readonly (Omit<Variant, 'config'> & { readonly config?: object })[] = [
    { name: 'EOF packets', capabilities: BASE, isLarge: true, isUsual: true },
    { name: 'EOF packets deprecated', capabilities: MODERN, isLarge: true },
    { name: 'EOF packets deprecated, session not tracked', capabilities: BASE | Capability.DEPRECATE_EOF },
    { name: 'EOF packets, session tracked', capabilities: BASE | Capability.SESSION_TRACK },
    { name: 'all that is known', capabilities: modern },
    { name: 'all that is known, with EOF packets', capabilities: base },
    { name: 'more than is offered', capabilities: modern, overreaching: UNOFFERED[kind] },
    { name: 'every result watched', capabilities: MODERN, config: WATCHED },
    { name: 'every result watched, with EOF packets', capabilities: base, config: WATCHED },
    { name: 'compressed', capabilities: BASE | Capability.COMPRESS, isLarge: true },
    { name: 'compressed, all that is known', capabilities: modern | Capability.COMPRESS },
    {
      name: 'compressed, every result watched', capabilities: modern | Capability.COMPRESS, config: WATCHED,
      isUsual: true,
    },
    ...(hasZstd(kind) ? [
      { name: 'zstd', capabilities: modern | Capability.ZSTD_COMPRESSION_ALGORITHM, isLarge: true } as const,
      {
        name: 'zstd, every result watched', capabilities: base | Capability.ZSTD_COMPRESSION_ALGORITHM, config: WATCHED,
      },
    ] : []),
    {
      name: 'kept from compressing', capabilities: MODERN | Capability.COMPRESS, config: { compression: 'strip' },
      clears: Capability.COMPRESS | Capability.ZSTD_COMPRESSION_ALGORITHM,
    },
  ];
  return variants.map((variant) => ({ ...variant, config: { ...IN_CLEAR, ...COMMON, ...variant.config } }));
};

const RESERVED = (1n << 29n) | (1n << 33n) | (0xffff_ffff_ffff_ffffn & ~((1n << 38n) - 1n));

/**
 * The bits that the proxy clears in the greeting and in the client's answer: encryption, reserved bits, and
 * compressions that it cannot open. Everything else has to pass unchanged.
 */
export const clearedBy = ({ clears = 0n }: Variant): bigint =>
  Capability.SSL | RESERVED | (Capability.ZSTD_COMPRESSION_ALGORITHM & ~OPENABLE_COMPRESSIONS) | clears;
