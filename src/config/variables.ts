// The environment variables that override settings. Each has the name of its flag.

import { TOKEN_FILE_VARIABLE, TOKEN_VARIABLE } from './adminToken.js';
import { APPLICATION_MEMORY_VARIABLE } from './automatic.js';
import { walk } from './schema/section.js';
import { settings } from './settings.js';
import { suggest } from './schema/suggest.js';

const PREFIX = 'SLUICE_';

/** SLUICE_MAX_ROWS for max-rows. */
export function variableOf(flagName: string): string {
  return `${PREFIX}${flagName.toUpperCase().replaceAll('-', '_')}`;
}

/** All variables of Sluice's own that are read. */
export const VARIABLES: readonly string[] = [
  variableOf('config'),
  ...[...walk(settings)].flatMap(({ field }) => (field.flag === undefined ? [] : [variableOf(field.flag.name)])),
  TOKEN_VARIABLE,
  TOKEN_FILE_VARIABLE,
  APPLICATION_MEMORY_VARIABLE,
];

/** Variables that Kubernetes sets in each pod for a Service named sluice, or sluice-something. */
const OF_A_SERVICE = /_SERVICE_(HOST|PORT)(_|$)|_PORT(_\d+_|$)/;

/**
 * Finds mistyped names.
 * @returns a line for each variable that is not read, but has a name close to one that is
 */
export function strayVariables(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment).flatMap((name) => {
    const isOurs = name.toUpperCase().startsWith(PREFIX) && !OF_A_SERVICE.test(name);
    if (!isOurs || VARIABLES.includes(name)) return [];
    const known = VARIABLES.map((variable) => variable.slice(PREFIX.length));
    const meant = suggest(name.slice(PREFIX.length), known);
    return meant === null ? [] : [`${JSON.stringify(name)}: is not read, did you mean ${PREFIX}${meant}?`];
  });
}
