import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { oneLine } from '../audit/plainText.js';
import { ConfigError, loadAdminAddress } from '../config/load.js';
import type { Address } from '../config/config.js';
import { formatAddress, reachedAt } from '../config/address.js';
import { EXIT_CODES, say, UsageError, type Arguments, type Command } from './command.js';
import { configOptions, describeFlag } from './flags.js';
import { joinProcess } from './otherProcess.js';
import { errorCode, errorText } from '../text/errorText.js';

/** The longest wait for an answer. Docker's check ends after three seconds. */
const TIMEOUT_MS = 2000;
const MAX_ANSWER_LENGTH = 200;

/** The program is not ready, or it cannot be asked. The message says why, and what to do. */
class HealthError extends Error {}

/** The address of the admin endpoint, from the flags and variables of the running program. */
function endpointOf(given: Arguments): Address {
  const { pid, ...flags } = given;
  const program = pid === undefined ? { flags, environment: process.env } : joinProcess(pid, flags);
  const address = loadAdminAddress(program.flags, program.environment);
  if (address === null) throw new HealthError('there is no admin endpoint to ask: set --admin or admin.listen');
  if (address.port === 0) throw new HealthError('the admin endpoint listens on any free port: give it a fixed port');
  return reachedAt(address);
}

/** Reads only the front of an answer that is shown. Any program may be listening there. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_ANSWER_LENGTH) break;
  }
  return text.trim();
}

/** Asks an endpoint whether the program is ready. @returns the answer */
async function ask(address: Address): Promise<string> {
  const request = get({
    ...address, path: '/readyz', agent: false, headers: { host: 'localhost' }, signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const body = oneLine(await beginningOf(response), MAX_ANSWER_LENGTH);
    if (response.statusCode === 200) return body;
    throw new HealthError(`the program at ${formatAddress(address)} is not ready: ${body}`);
  } catch (error) {
    if (error instanceof HealthError) throw error;
    const code = errorCode(error);
    const reason = code === 'ABORT_ERR' ? `no answer within ${TIMEOUT_MS} ms` : code ?? errorText(error);
    throw new HealthError(`cannot ask the program at ${formatAddress(address)}: ${reason}`);
  }
}

/** Asks a running program whether it is ready: for health checks that have no HTTP client. */
export const health: Command = {
  name: 'health',
  describe: 'say whether a running proxy is ready: exit code 0, or 1',
  options: {
    ...configOptions,
    pid: {
      describe: describeFlag('PID', 'ask this process, with the flags and variables that it was given (Linux)'),
      requiresArg: true,
    },
  },
  async run(given) {
    try {
      process.stdout.write(`${await ask(endpointOf(given))}\n`);
      return EXIT_CODES.ok;
    } catch (error) {
      if (error instanceof ConfigError || error instanceof UsageError) say(error.problems);
      else if (error instanceof HealthError) say([`sluice: ${error.message}`]);
      else throw error;
      return EXIT_CODES.failed;
    }
  },
};
