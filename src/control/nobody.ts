import type { Account } from './login.js';
import { world } from '../world/world.js';

/** The user name of logins that are meant to be denied. */
export const NOBODY = 'sluice-probe';

/** An account that no server has, for a probe without an account. */
export function nobody(): Account {
  return { user: NOBODY, password: world.randomBytes(16).toString('hex') };
}
