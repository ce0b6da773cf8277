import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { world } from '../../world/world.js';

/** The time that a program behind the socket has to accept a connection. */
const LOOK_TIMEOUT_MS = 1000;

/**
 * Makes room for a Unix socket: removes the file of a socket without a listener, which a killed process leaves behind.
 * It removes nothing else.
 * @throws Error that says what is there instead, or the file system's own error
 */
export async function makeRoom(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    // Node reports EACCES in this case too.
    if (!existsSync(dirname(path))) throw new Error('its folder does not exist');
    return;
  }
  if (!found.isSocket()) throw new Error('there is a file that is not a socket: remove it, or give another path');
  const code = await lookAt(path);
  if (code === null) throw Object.assign(new Error(TAKEN), { code: 'EADDRINUSE' });
  if (code === 'ENOENT') return;
  if (code !== 'ECONNREFUSED') {
    throw new Error(`there is a socket, and it is not known whether a program listens on it (${code})`);
  }
  unlinkSync(path);
}

const TAKEN = 'another program listens there; stop it, or give another path';

/** Null if a program listens there; otherwise the code of the error. */
function lookAt(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = world.connect({ path });
    const settle = (code: string | null): void => {
      world.cancel(timer);
      socket.destroy();
      resolve(code);
    };
    const timer = world.after(LOOK_TIMEOUT_MS, () => settle('ETIMEDOUT'));
    socket.on('connect', () => settle(null));
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}
