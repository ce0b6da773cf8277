import type { Place } from '../config/config.js';
import { formatPlace, isSocketFile } from '../config/address.js';

/** The message for a failure to listen, with a remedy. @param flag the flag that gives another address */
export function cannotListen(place: Place, error: unknown, flag: string): string {
  const { code, message } = reasonOf(error);
  const remedy = isSocketFile(place) ? remedyForFile(code) : remedyFor(code, flag);
  return `cannot listen on ${formatPlace(place)}: ${message}${remedy === null ? '' : `: ${remedy}`}`;
}

/** The message of an error, and the system's code if it has one. */
export function reasonOf(error: unknown): { code: string | undefined; message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  return { code: 'code' in error && error.code !== undefined ? String(error.code) : undefined, message: error.message };
}

function remedyFor(code: string | undefined, flag: string): string {
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
function remedyForFile(code: string | undefined): string | null {
  switch (code) {
    case undefined:
      return null;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'choose a folder that this user may write to';
    default:
      return 'give another path';
  }
}
