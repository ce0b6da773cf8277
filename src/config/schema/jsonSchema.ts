/**
 * A JSON Schema, with the keywords that describe settings.
 * Source: https://json-schema.org/draft-07/json-schema-validation
 */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean' | 'null';
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  /** A regular expression of ECMAScript, with its flag `u`. */
  readonly pattern?: string;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly propertyNames?: JsonSchema;
  readonly maxProperties?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
}

/** The version of JSON Schema that most editors know. */
export const DRAFT = 'http://json-schema.org/draft-07/schema#';

/** The schema of values that fit any of these schemas. */
export function either(...schemas: readonly JsonSchema[]): JsonSchema {
  const isUnion = (schema: JsonSchema): boolean => Object.keys(schema).join() === 'anyOf';
  return { anyOf: schemas.flatMap((schema) => (isUnion(schema) ? schema.anyOf ?? [] : [schema])) };
}

/** The schema of texts that match a pattern as a whole, as `unicode` gives it. */
export function textLike(pattern: RegExp): JsonSchema {
  return { type: 'string', pattern: unicode(pattern).source };
}

/**
 * A pattern with the flag `u`, with which JSON Schema's own are read: a character beyond the first 65,536 is one.
 * @throws Error if the pattern has another flag, which a JSON Schema cannot express
 */
export function unicode(pattern: RegExp): RegExp {
  if (!/^u?$/.test(pattern.flags)) throw new Error(`a JSON Schema has no flags, and ${String(pattern)} has some`);
  return new RegExp(pattern.source, 'u');
}
