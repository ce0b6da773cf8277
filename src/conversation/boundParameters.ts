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
  /** All bytes of the packets that have brought it. */
  private sentAheadBytes = 0;
  /** What the last execution with query attributes has said of its parameters. */
  private definitions: AttributeDefinitions | null = null;

  /** @param parameterCount how many parameters PREPARE found */
  constructor(readonly parameterCount: number) {}

  /** Part of a value was sent ahead of the execution. */
  addLongData(index: number, byteCount: number): void {
    if (index >= Math.min(this.parameterCount, MAX_VALUES)) return;
    this.longDataBytes ??= new Map();
    this.longDataBytes.set(index, (this.longDataBytes.get(index) ?? 0) + byteCount);
  }

  /** A packet of so many bytes has brought part of a value. */
  addSentAhead(byteCount: number): void {
    this.sentAheadBytes += byteCount;
  }

  /** The bytes that were sent ahead of an execution that has arrived. */
  takeSentAhead(): number {
    const { sentAheadBytes } = this;
    this.sentAheadBytes = 0;
    return sentAheadBytes;
  }

  /** Drops what was sent ahead, as COM_STMT_RESET does. */
  dropLongData(): void {
    this.longDataBytes = null;
  }

  /**
   * What an execution brings; each is null where its packet does not tell it.
   * @param payload COM_STMT_EXECUTE's, or its front
   * @param maxBytes of all texts of parameters together; 0 where these are not wanted
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

/** What was bound to a prepared statement's parameters, and the query attributes of the execution. */
export interface Bound {
  readonly parameters: DecodedParameters | null;
  readonly attributes: AttributeValues | null;
}

const NO_LONG_DATA: ReadonlyMap<number, number> = new Map();
