import { Capability } from '../protocol/capabilities.js';

/** What the capability flags in effect mean for the shape of what is sent. */
export interface Dialect {
  readonly capabilities: bigint;
  /** No EOF packet behind definitions; results end in an OK packet that begins with 0xFE. */
  readonly deprecatesEof: boolean;
  /** A byte behind every result's column count says whether definitions follow. */
  readonly hasMetadataFlag: boolean;
  readonly tracksSession: boolean;
  readonly hasQueryAttributes: boolean;
  readonly reportsProgress: boolean;
}

/**
 * Capabilities that are never agreed on through here: encryption and compression, which would hide the packets,
 * and every bit whose meaning is not known.
 */
export function uninspectable(known: bigint, all: bigint): bigint {
  const hiding = Capability.SSL | Capability.COMPRESS | Capability.ZSTD_COMPRESSION_ALGORITHM;
  return all & (~known | hiding);
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
  };
}
