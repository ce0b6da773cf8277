// The parts of OTLP's JSON that all signals share.
// Source: https://github.com/open-telemetry/opentelemetry-proto, common.proto and resource.proto, and
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

/** A value of an attribute. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  /** 64 bits, which JSON writes as a string. */
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** Attributes by name. Those that are null or undefined are left out. */
export type Attributes = Readonly<Record<string, unknown>>;

/** Deeper values become text. */
const MAX_DEPTH = 8;

/** @returns null if there is nothing to export: null, undefined, a function or a symbol */
function anyValue(value: unknown, depth: number): AnyValue | null {
  switch (typeof value) {
    case 'string': return { stringValue: value };
    case 'boolean': return { boolValue: value };
    case 'bigint': return { intValue: String(value) };
    case 'number':
      if (Number.isSafeInteger(value)) return { intValue: String(value) };
      return Number.isFinite(value) ? { doubleValue: value } : { stringValue: String(value) };
    case 'object':
      if (value === null) return null;
      if (depth >= MAX_DEPTH) return { stringValue: JSON.stringify(value) };
      if (!Array.isArray(value)) return { kvlistValue: { values: keyValues({ ...value }, depth + 1) } };
      return { arrayValue: { values: value.flatMap((item: unknown) => anyValue(item, depth + 1) ?? []) } };
    default: return null;
  }
}

/** Attributes in OTLP's form. */
export function keyValues(attributes: Attributes, depth = 0): KeyValue[] {
  return Object.entries(attributes).flatMap(([key, of]) => {
    const value = anyValue(of, depth);
    return value === null ? [] : [{ key, value }];
  });
}

/** A time in ns since 1970, as a string: it has more digits than a number in JSON holds. */
export function unixNano(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n);
}
