import { IS_WHOLE } from '../proof/scale.js';
import { SERVER_KINDS, type ServerKind } from '../support/servers.js';

/**
 * The part of `clients` that runs in front of a kind of server: all with `npm run proof`, else each in front of one
 * kind. Neighbours stay together: they are one client's ways to read.
 */
export const shareOf = <Client>(clients: readonly Client[], kind: ServerKind): readonly Client[] =>
  clients.filter((_, index) => IS_WHOLE || (index >> 1) % SERVER_KINDS.length === SERVER_KINDS.indexOf(kind));
