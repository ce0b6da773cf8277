import { Capability } from '../../../src/protocol/capabilities.js';
import { encodePacket } from '../../../src/protocol/framing.js';
import type { Greeting } from '../../../src/protocol/greeting.js';
import { BASE_CAPABILITIES, responsePayload } from '../../support/wirePackets.js';
import type { ConnectionLedger } from '../ledger.js';
import type { PacketWire } from '../packetWire.js';
import type { ClientPlan } from '../plan.js';
import type { NetEnd } from '../world/netEnd.js';
import { TLS_CLIENT_HELLO, TLS_SERVER_HELLO } from '../world/tlsStage.js';

// A driver's answer to a greeting.

/** The capabilities on which a client and the greeting agree. */
export const agreedWith = (plan: ClientPlan, { capabilities }: Greeting): bigint => {
  const isMariadb = (capabilities & Capability.LONG_PASSWORD) === 0n;
  return wantedBy(plan) & ~(isMariadb ? Capability.LONG_PASSWORD : 0n) & capabilities;
};

const wantedBy = ({ deprecatesEof, compresses, prefersZstd, tracksSession, program }: ClientPlan): bigint =>
  BASE_CAPABILITIES | (deprecatesEof ? Capability.DEPRECATE_EOF : 0n)
  | (!compresses ? 0n : prefersZstd ? Capability.ZSTD_COMPRESSION_ALGORITHM : Capability.COMPRESS)
  | (tracksSession ? Capability.SESSION_TRACK : 0n) | (program === null ? 0n : Capability.CONNECT_ATTRS);

/** Answers a greeting, inside TLS if the client wants it and the greeting offers it. */
export const answerGreeting = (client: Answering, greeting: Greeting, agreed: bigint): void => {
  const { plan: { program, encrypts = false }, ledger, end, wire } = client;
  const attributes = new Map(program === null ? [] : [['program_name', program]]);
  const response = responsePayload({ capabilities: agreed, user: ledger.user, attributes });
  ledger.wasOfferedTls = (greeting.capabilities & Capability.SSL) !== 0n;
  if (!encrypts || !ledger.wasOfferedTls) {
    end.write(encodePacket(1, response));
    return;
  }
  response.writeUInt32LE((response.readUInt32LE(0) | Number(Capability.SSL)) >>> 0, 0);
  end.write(Buffer.concat([encodePacket(1, response.subarray(0, SSL_REQUEST_BYTES)), TLS_CLIENT_HELLO]));
  wire.awaitHello(TLS_SERVER_HELLO, (isWell) => {
    if (!isWell) client.stage.violations.add('login', `${ledger.user} got something else than a hello of TLS`);
    ledger.isEncrypted.client = true;
    end.write(encodePacket(2, response));
  });
};

/** The part of an answer that asks for TLS. */
const SSL_REQUEST_BYTES = 32;

/** The parts of a client's connection that its login needs. */
interface Answering {
  readonly plan: ClientPlan;
  readonly ledger: ConnectionLedger;
  readonly end: NetEnd;
  readonly wire: PacketWire;
  readonly stage: { readonly violations: { add(invariant: string, text: string): void } };
}
