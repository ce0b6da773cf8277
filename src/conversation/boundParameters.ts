import { decodeParameters, MAX_VALUES, type DecodedParameters, type ParameterTypes } from '../protocol/parameters.js';

/** The parameters of one prepared statement, as the session's executions bound them. */
export class BoundParameters {
  /** The types of the last execution that sent them: a later one may leave them out. */
  private types: ParameterTypes | null = null;
  /** By parameter index, the bytes that COM_STMT_SEND_LONG_DATA has brought since the last execution. */
  private longDataBytes: Map<number, number> | null = null;

  /** @param parameterCount how many parameters PREPARE found */
  constructor(private readonly parameterCount: number) {}

  /** Part of a value was sent ahead of the execution. */
  addLongData(index: number, byteCount: number): void {
    if (index >= Math.min(this.parameterCount, MAX_VALUES)) return;
    this.longDataBytes ??= new Map();
    this.longDataBytes.set(index, (this.longDataBytes.get(index) ?? 0) + byteCount);
  }

  /** Drops what was sent ahead, as COM_STMT_RESET does. */
  dropLongData(): void {
    this.longDataBytes = null;
  }

  /**
   * The values of an execution; null where its packet does not tell them.
   * @param payload COM_STMT_EXECUTE's, or its front
   * @param maxBytes of all texts together
   */
  decode(payload: Buffer, hasQueryAttributes: boolean, maxBytes: number): DecodedParameters | null {
    const { parameterCount, types, longDataBytes } = this;
    this.longDataBytes = null;
    const execution = {
      payload, parameterCount, hasQueryAttributes, types, longDataBytes: longDataBytes ?? NO_LONG_DATA,
    };
    const decoded = decodeParameters(execution, maxBytes);
    this.types = decoded?.types ?? types;
    return decoded;
  }
}

const NO_LONG_DATA: ReadonlyMap<number, number> = new Map();
