import { randomBytes } from 'node:crypto';
import type { Account } from './login.js';

/** Who logs in only to be denied. */
export const NOBODY = 'sluice-probe';

/** An account that no server has: for whoever has none, and only wants to be answered. */
export function nobody(): Account {
  return { user: NOBODY, password: randomBytes(16).toString('hex') };
}
