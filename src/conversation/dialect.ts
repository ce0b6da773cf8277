import { Capability } from '../protocol/capabilities.js';
import { compressionOf, type Compression } from '../protocol/compression.js';

/** What the agreed capability flags mean for the layout of packets. */
export interface Dialect {
  readonly capabilities: bigint;
  /** No EOF packet behind definitions; results end in an OK packet that begins with 0xFE. */
  readonly deprecatesEof: boolean;
  /** A byte behind every result's column count says whether definitions follow. */
  readonly hasMetadataFlag: boolean;
  readonly tracksSession: boolean;
  readonly hasQueryAttributes: boolean;
  readonly reportsProgress: boolean;
  /** The client answers a LOAD DATA LOCAL with a file. Servers take its word for it, whatever they have offered. */
  readonly offersFiles: boolean;
  /** What the frames of the command phase are compressed with; null where packets come without frames. */
  readonly compression: Compression | null;
}

/**
 * The bits of `all` that Sluice never lets both ends agree on: those of encryption and compression, which would hide
 * the packets, and every bit whose meaning is not known.
 * @param known every bit whose meaning is known
 * @param compressions those compressions that can be opened
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
