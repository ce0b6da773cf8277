import { Capability } from '../protocol/capabilities.js';
import { compressionOf, type Compression } from '../protocol/compression.js';

/** The meaning of the agreed capability flags for the layout of packets. */
export interface Dialect {
  readonly capabilities: bigint;
  /** No EOF packet after definitions; results end in an OK packet that begins with 0xFE. */
  readonly deprecatesEof: boolean;
  /** A byte after every result's column count says whether definitions follow. */
  readonly hasMetadataFlag: boolean;
  readonly tracksSession: boolean;
  readonly hasQueryAttributes: boolean;
  readonly reportsProgress: boolean;
  /** The client answers LOAD DATA LOCAL with a file. Servers believe this flag even if they have not offered it. */
  readonly offersFiles: boolean;
  /** The compression of the frames in the command phase; null if packets come without frames. */
  readonly compression: Compression | null;
}

/**
 * The bits of `all` on which Sluice never lets both ends agree: encryption and compression, which would hide the
 * packets, and every bit with an unknown meaning.
 * @param known the bits with a known meaning
 * @param compressions the compressions that Sluice can open
 */
export function uninspectable(known: bigint, compressions: bigint, all: bigint): bigint {
  const compressing = Capability.COMPRESS | Capability.ZSTD_COMPRESSION_ALGORITHM;
  return all & (~known | Capability.SSL | (compressing & ~compressions));
}

/** The dialect that two ends speak, from the server's flags and the client's answer. */
export function agreeOn(server: bigint, client: bigint): Dialect {
  const capabilities = server & client;
  const has = (bit: bigint): boolean => (capabilities & bit) !== 0n;
  return {
    capabilities,
    deprecatesEof: has(Capability.DEPRECATE_EOF),
    hasMetadataFlag: has(Capability.OPTIONAL_RESULTSET_METADATA) || has(Capability.MARIADB_CACHE_METADATA),
    tracksSession: has(Capability.SESSION_TRACK),
    hasQueryAttributes: has(Capability.QUERY_ATTRIBUTES),
    reportsProgress: has(Capability.MARIADB_PROGRESS),
    offersFiles: (client & Capability.LOCAL_FILES) !== 0n,
    compression: compressionOf(capabilities),
  };
}
