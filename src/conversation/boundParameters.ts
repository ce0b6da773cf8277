import { decodeParameters, MAX_VALUES, type DecodedParameters, type ParameterTypes } from '../protocol/parameters.js';
import {
  attributesOfExecution, hasAttributes, type AttributeDefinitions, type AttributeValues,
} from '../protocol/queryAttributes.js';

/** The parameters of one prepared statement, as the session's executions bound them. */
export class BoundParameters {
  /** The types of the last execution that sent them: a later one may leave them out. */
  private types: ParameterTypes | null = null;
  /** By parameter index, the bytes that COM_STMT_SEND_LONG_DATA has brought since the last execution. */
  private longDataBytes: Map<number, number> | null = null;
  /** The bytes of all these packets. */
  private sentAheadBytes = 0;
  /** The definitions of the last execution that had query attributes. */
  private definitions: AttributeDefinitions | null = null;

  /** @param parameterCount the number of parameters that PREPARE found */
  constructor(readonly parameterCount: number) {}

  /** Part of a value was sent ahead of the execution. */
  addLongData(index: number, byteCount: number): void {
    if (index >= Math.min(this.parameterCount, MAX_VALUES)) return;
    this.longDataBytes ??= new Map();
    this.longDataBytes.set(index, (this.longDataBytes.get(index) ?? 0) + byteCount);
  }

  /** A packet of this many bytes has brought part of a value. */
  addSentAhead(byteCount: number): void {
    this.sentAheadBytes += byteCount;
  }

  /** An execution has arrived: returns the number of bytes that were sent ahead of it, and counts anew. */
  takeSentAhead(): number {
    const { sentAheadBytes } = this;
    this.sentAheadBytes = 0;
    return sentAheadBytes;
  }

  /** Drops the values that were sent ahead, as COM_STMT_RESET does. */
  dropLongData(): void {
    this.longDataBytes = null;
  }

  /**
   * Decodes the values of an execution; each part is null if the packet does not tell it.
   * @param payload the payload of the COM_STMT_EXECUTE, or its front
   * @param maxBytes the bound on the texts of all parameters together; 0 if parameters are not wanted
   */
  decode(payload: Buffer, hasQueryAttributes: boolean, maxBytes: number): Bound {
    const longDataBytes = this.longDataBytes ?? NO_LONG_DATA;
    this.longDataBytes = null;
    const bringsAttributes = hasQueryAttributes && hasAttributes(payload, this.parameterCount);
    return {
      parameters: maxBytes === 0 ? null : this.decodeValues(payload, hasQueryAttributes, longDataBytes, maxBytes),
      attributes: bringsAttributes ? this.decodeAttributes(payload, longDataBytes) : null,
    };
  }

  private decodeValues(
    payload: Buffer, hasQueryAttributes: boolean, longDataBytes: ReadonlyMap<number, number>, maxBytes: number,
  ): DecodedParameters | null {
    const { parameterCount, types } = this;
    const decoded = decodeParameters({ payload, parameterCount, hasQueryAttributes, types, longDataBytes }, maxBytes);
    this.types = decoded?.types ?? types;
    return decoded;
  }

  private decodeAttributes(payload: Buffer, longDataBytes: ReadonlyMap<number, number>): AttributeValues | null {
    const isSentAhead = (index: number): boolean => longDataBytes.has(index);
    const found = attributesOfExecution(payload, this.parameterCount, isSentAhead, this.definitions);
    this.definitions = found?.definitions ?? this.definitions;
    return found?.values ?? null;
  }
}

/** The values of an execution: the statement's parameters, and the query attributes. */
export interface Bound {
  readonly parameters: DecodedParameters | null;
  readonly attributes: AttributeValues | null;
}

const NO_LONG_DATA: ReadonlyMap<number, number> = new Map();
