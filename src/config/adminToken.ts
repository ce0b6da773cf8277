import { resolve } from 'node:path';
import { isToken, TOKEN_EXPECTED } from './admin.js';
import type { Config } from './config.js';
import { replaced, valueAt, type GivenSetting } from './overlay.js';
import { isObject, walk } from './schema/section.js';
import { settings } from './settings.js';

// The variables with the token of the admin endpoint. No message quotes the token.

/** This one is the token itself. */
export const TOKEN_VARIABLE = 'SLUICE_ADMIN_TOKEN';
/** This one is the path of the token's file, as `admin.tokenFile` is. */
export const TOKEN_FILE_VARIABLE = 'SLUICE_ADMIN_TOKEN_FILE';

const ADMIN = ['admin'];
const TOKEN_FILE = [...ADMIN, 'tokenFile'];

/**
 * Looks at both variables. An empty one counts as none.
 * @param json the file's
 * @param hasEndpoint whether a flag or a variable gives the endpoint's address
 */
export function adminTokenVariables(
  json: unknown, environment: NodeJS.ProcessEnv, hasEndpoint: boolean,
): AdminTokenVariables {
  const given = [TOKEN_VARIABLE, TOKEN_FILE_VARIABLE].filter((name) => environment[name]);
  const nothing = { json, token: null, given: [], notices: [], problems: [] };
  if (!hasEndpoint && !isObject(valueAt(json, ADMIN))) {
    const notices = given.map((name) => `${name}: is not used, since there is no admin endpoint: give --admin`);
    return { ...nothing, notices };
  }
  if (given.length > 1) return { ...nothing, problems: [`${given.join(' and ')}: give only one of the two`] };
  const token = environment[TOKEN_VARIABLE];
  if (!token) return { ...nothing, given: tokenFileGiven(environment[TOKEN_FILE_VARIABLE]) };
  if (!isToken(token)) return { ...nothing, problems: [`${TOKEN_VARIABLE}: ${TOKEN_EXPECTED}`] };
  const isOverridden = valueAt(json, TOKEN_FILE) !== undefined;
  const notices = isOverridden
    ? [`admin.tokenFile: ${TOKEN_VARIABLE} overrides the file; unset it to use the file`] : [];
  return { ...nothing, json: withoutTokenFile(json), token, notices };
}

/** The JSON of a file after the variables were applied. */
export interface AdminTokenVariables {
  /** The file's JSON, without `admin.tokenFile` where the token itself is given. */
  readonly json: unknown;
  /** The token; null if no variable gives it. */
  readonly token: string | null;
  /** The path of its file, if a variable gives that. */
  readonly given: readonly GivenSetting[];
  readonly notices: readonly string[];
  readonly problems: readonly string[];
}

/** The JSON of a file without the path of the token. */
export function withoutTokenFile(json: unknown): unknown {
  if (valueAt(json, TOKEN_FILE) === undefined) return json;
  return replaced(json, ADMIN, (admin) => {
    const { tokenFile: _, ...rest } = Object(admin);
    return rest;
  });
}

/** The configuration with this token in place of the file's; as it is with null, or without an endpoint. */
export function withAdminToken(config: Config, token: string | null): Config {
  if (token === null || config.admin === null) return config;
  return Object.freeze({ ...config, admin: Object.freeze({ ...config.admin, token }) });
}

function tokenFileGiven(text: string | undefined): GivenSetting[] {
  const setting = [...walk(settings)].find(({ path }) => path === TOKEN_FILE.join('.'));
  if (!text || setting === undefined) return [];
  // A shell's path starts from the working folder, and not from the file's.
  const given = { from: TOKEN_FILE_VARIABLE, isFlag: false, text: resolve(text) };
  return [{ ...given, keys: TOKEN_FILE, kind: setting.field.kind }];
}
