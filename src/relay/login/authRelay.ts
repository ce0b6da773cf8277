import { HEADER_BYTES } from '../../protocol/framing.js';
import { decodeErr, encodeErr, FirstByte } from '../../protocol/packets.js';
import type { AuthBridge, Step } from '../../conversation/authBridge.js';
import type { Conversation } from '../../conversation/conversation.js';
import type { PacketExchange } from './packetExchange.js';
import { ownKey } from '../tls/rsaKeyPair.js';
import { ServerErrors } from '../../protocol/errorCodes.js';

/** Relays one authentication packet by packet, each as a bridge makes it. */
export class AuthRelay {
  private isClosed = false;

  /** @param remarksCertificate whether a denied client gets a remark about its certificate */
  constructor(
    private readonly exchange: PacketExchange,
    private readonly conversation: Conversation,
    private readonly bridge: AuthBridge,
    private readonly remarksCertificate: boolean,
  ) {}

  /**
   * Resolves at the end of the login: with null after the server's verdict, or with the reason why the login cannot
   * continue.
   * @param first the first packet: a HandshakeResponse41 or a COM_CHANGE_USER; it is overwritten
   */
  async run(first: Buffer, isUserChange: boolean): Promise<string | null> {
    const { conversation, bridge } = this;
    let refusal = await this.take(bridge.begin(first, conversation.dialect.capabilities, isUserChange));
    first.fill(0);
    while (!this.isClosed && refusal === null && this.isUnderWay) refusal = await this.relayOne();
    bridge.forget();
    return refusal;
  }

  /** Stops relaying. */
  close(): void {
    this.isClosed = true;
    this.bridge.forget();
  }

  private async relayOne(): Promise<string | null> {
    const { exchange, bridge } = this;
    const { peer, packet: { bytes, payload } } = await exchange.nextOfEither();
    if (peer === 'server') this.conversation.server.scan(bytes, 0, bytes.length);
    const step = peer === 'client' ? bridge.fromClient(payload) : bridge.fromServer(this.explained(payload));
    return this.take(step);
  }

  /** Sends the packet of a step, or returns the reason why there is none. */
  private async take(step: Step): Promise<string | null> {
    if ('refusal' in step) return step.refusal;
    if ('wants' in step) {
      const key = await ownKey();
      return this.isClosed ? null : this.take(this.bridge.giveKey(key));
    }
    this.exchange[step.to].send(step.payload);
    if (step.to === 'server') step.payload.fill(0);
    return null;
  }

  private get isUnderWay(): boolean {
    const { phase, commands } = this.conversation;
    return phase === 'authentication' || (phase === 'commands' && commands.length > 0);
  }

  private explained(payload: Buffer): Buffer {
    if (!this.remarksCertificate || payload[0] !== FirstByte.ERR) return payload;
    const error = decodeErr(payload);
    if (error.code !== ServerErrors.ACCESS_DENIED_ERROR.code) return payload;
    return encodeErr(0, { ...error, message: `${error.message}${CERTIFICATE_REMARK}` }).subarray(HEADER_BYTES);
  }
}

const CERTIFICATE_REMARK =
  " (sluice: an account that requires a certificate sees the one of upstream.tls.cert, never the client's)";
