import type { Place } from '../config/config.js';
import { formatPlace, isSocketFile } from '../config/address.js';
import { errorCode, errorText } from '../text/errorText.js';

/** The message for a failure to listen, with a remedy. @param flag the flag that gives another address */
export function cannotListen(place: Place, error: unknown, flag: string): string {
  const code = errorCode(error);
  const remedy = isSocketFile(place) ? remedyForFile(code) : remedyFor(code, flag);
  return `cannot listen on ${formatPlace(place)}: ${errorText(error)}${remedy === null ? '' : `: ${remedy}`}`;
}

function remedyFor(code: string | null, flag: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another program listens there; stop it, or give another address with ${flag}`;
    case 'EACCES':
      return `ports below 1024 are for root; give a higher one with ${flag}`;
    case 'EADDRNOTAVAIL':
      return `no interface of this host has that address; give one of its own with ${flag}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host name cannot be resolved; give an address with ${flag}`;
    default:
      return `give another address with ${flag}`;
  }
}

/** The remedy for a Unix socket; null if the message contains it already. */
function remedyForFile(code: string | null): string | null {
  switch (code) {
    case null:
    case 'EADDRINUSE':
      return null;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'choose a folder that this user may write to';
    default:
      return 'give another path';
  }
}
