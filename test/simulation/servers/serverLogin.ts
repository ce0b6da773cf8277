import { Capability, joinHalves } from '../../../src/protocol/capabilities.js';
import type { ServerPlan } from '../plan.js';

// A server's part of the connection phase.

const COMMON = Capability.FOUND_ROWS | Capability.LONG_FLAG | Capability.CONNECT_WITH_DB | Capability.LOCAL_FILES
  | Capability.PROTOCOL_41 | Capability.TRANSACTIONS | Capability.SECURE_CONNECTION | Capability.MULTI_STATEMENTS
  | Capability.MULTI_RESULTS | Capability.PS_MULTI_RESULTS | Capability.PLUGIN_AUTH | Capability.CONNECT_ATTRS
  | Capability.PLUGIN_AUTH_LENENC_CLIENT_DATA | Capability.SESSION_TRACK | Capability.DEPRECATE_EOF;

/** The capabilities that a server offers. A MariaDB server has no LONG_PASSWORD, and bits of its own. */
export const offerOf = ({ kind, offersCompression, offersZstd, offersTls }: ServerPlan): bigint =>
  COMMON | (offersCompression ? Capability.COMPRESS : 0n) | (offersTls ? Capability.SSL : 0n)
  | (offersZstd ? Capability.ZSTD_COMPRESSION_ALGORITHM : 0n)
  | (kind === 'mysql' ? Capability.LONG_PASSWORD : Capability.MARIADB_STMT_BULK_OPERATIONS);

export const VERSIONS = { mysql: '9.7.4', mariadb: '5.5.5-10.11.19-MariaDB' } as const;

/** The contents of a client's answer to the greeting, as the server reads them. */
export interface Login {
  readonly capabilities: bigint;
  readonly user: string;
}

const FIXED_BYTES = 32;

/**
 * Whether an answer to the greeting asks for TLS. Such an answer is the first part alone; the whole follows inside TLS.
 */
export const asksForTls = ({ length }: Buffer): boolean => length === FIXED_BYTES;

/** Reads a HandshakeResponse41. */
export const readLogin = (payload: Buffer): Login => ({
  capabilities: joinHalves(payload.readUInt32LE(0), payload.readUInt32LE(28)),
  user: textAt(payload, FIXED_BYTES),
});

/** The text from here up to a NUL. */
export const textAt = (payload: Buffer, from: number): string =>
  payload.toString('latin1', from, payload.indexOf(0, from));

const PLUGIN = 'mysql_native_password';

/** Asks for another answer of the client. */
export const authSwitch = (): Buffer => Buffer.from(`\xfe${PLUGIN}\0bcdefghijklmnopqrstu\0`, 'latin1');

/** Says that the answer was right. An OK follows. */
export const FAST_AUTH = Buffer.from([1, 3]);
