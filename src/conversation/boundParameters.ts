import {
  decodeParameters, MAX_VALUES, type DecodedParameters, type ParameterTypes, type TypesSent,
} from '../protocol/parameters.js';
import {
  attributesOfExecution, hasAttributes, MAX_ATTRIBUTES_READ, type AttributeDefinitions, type AttributeValues,
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
  /** The server does not have the types of the last execution that sent them, because that execution was refused. */
  lacksTypes = false;

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

  /** Whether values were sent ahead of the next execution. */
  get hasSentAhead(): boolean {
    return this.sentAheadBytes > 0;
  }

  /** The server gets an execution. */
  executionSent(types: TypesSent): void {
    if (types === 'sent') this.lacksTypes = false;
  }

  /** The server does not get an execution. What was sent ahead of it is dropped. */
  executionRefused(types: TypesSent): void {
    if (types === 'sent') this.lacksTypes = true;
    this.dropLongData();
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
    const { parameters, attributes, definitions } = this.look(payload, hasQueryAttributes, maxBytes);
    this.longDataBytes = null;
    this.types = parameters?.types ?? this.types;
    if (definitions !== null) this.definitions = isSmall(definitions) ? definitions : null;
    return { parameters, attributes };
  }

  /** The same for an execution that may not take place: later executions do not depend on it. */
  look(
    payload: Buffer, hasQueryAttributes: boolean, maxBytes: number,
  ): Bound & { readonly definitions: AttributeDefinitions | null } {
    const { parameterCount, types } = this;
    const longDataBytes = this.longDataBytes ?? NO_LONG_DATA;
    const execution = { payload, parameterCount, hasQueryAttributes, types, longDataBytes };
    const bringsAttributes = hasQueryAttributes && hasAttributes(payload, parameterCount);
    const isSentAhead = (index: number): boolean => longDataBytes.has(index);
    const found = bringsAttributes
      ? attributesOfExecution(payload, parameterCount, isSentAhead, this.definitions) : null;
    return {
      parameters: maxBytes === 0 ? null : decodeParameters(execution, maxBytes),
      attributes: found?.values ?? null, definitions: found?.definitions ?? null,
    };
  }
}

/** The values of an execution: the statement's parameters, and the query attributes. */
export interface Bound {
  readonly parameters: DecodedParameters | null;
  readonly attributes: AttributeValues | null;
}

/** Whether definitions may be kept: a session may have very many statements. */
function isSmall({ types, names }: AttributeDefinitions): boolean {
  const namesLength = names.reduce((sum, { length }) => sum + length, 0);
  return types.length <= MAX_VALUES + MAX_ATTRIBUTES_READ && namesLength <= MAX_KEPT_NAMES_LENGTH;
}

/** The names of one statement's attributes together, in characters. */
const MAX_KEPT_NAMES_LENGTH = 1024;

const NO_LONG_DATA: ReadonlyMap<number, number> = new Map();
