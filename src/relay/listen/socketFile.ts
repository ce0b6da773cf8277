import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Whoever listens there is given so long to take a connection. */
const LOOK_TIMEOUT_MS = 1000;

/**
 * Makes room for a Unix socket: removes the file of one that nobody listens on any more, as it stays behind when a
 * process is killed. Nothing else is ever removed.
 * @throws Error that says what is there instead; or the file system's own
 */
export async function makeRoom(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    if (!existsSync(dirname(path))) throw new Error('its folder does not exist'); // Node says EACCES, too
    return;
  }
  if (!found.isSocket()) throw new Error('there is a file that is no socket: remove it, or give another path');
  const code = await lookAt(path);
  if (code === null) throw new Error('another program listens there; stop it, or give another path');
  if (code === 'ENOENT') return;
  if (code !== 'ECONNREFUSED') {
    throw new Error(`there is a socket, and whether somebody listens on it cannot be told (${code})`);
  }
  unlinkSync(path);
}

/** Null where somebody listens; otherwise the code of the error. */
function lookAt(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (code: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    };
    const timer = setTimeout(settle, LOOK_TIMEOUT_MS, 'ETIMEDOUT');
    socket.on('connect', () => settle(null));
    socket.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}
