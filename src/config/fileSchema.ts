// The configuration file as a whole: its JSON Schema, and the key that names the schema for editors.

import { quote, type Findings } from './schema/findings.js';
import { DRAFT, type JsonSchema } from './schema/jsonSchema.js';
import { isObject } from './schema/section.js';
import { settings } from './settings.js';

/** The JSON Schema of a configuration file. `sluice schema` prints it. */
export function fileSchema(): JsonSchema {
  const ofEditors: JsonSchema = { type: 'string', description: 'the path or the URL of this schema, for editors' };
  return {
    $schema: DRAFT,
    title: 'The configuration of Sluice',
    ...settings.schema,
    properties: { [SCHEMA_KEY]: ofEditors, ...settings.schema.properties },
  };
}

/**
 * The settings of a file: everything but the name of its JSON Schema, which is for editors.
 * @param json the file's
 */
export function settingsIn(json: unknown, findings: Findings): unknown {
  if (!isObject(json) || !Object.hasOwn(json, SCHEMA_KEY)) return json;
  const { [SCHEMA_KEY]: name, ...rest } = json;
  if (typeof name !== 'string') {
    findings.add(SCHEMA_KEY, `expected the path or the URL of a JSON Schema, got ${quote(name)}`);
  }
  return rest;
}

const SCHEMA_KEY = '$schema';
