import { isSocketFile, reachedAt } from '../config/address.js';
import type { Address, Place } from '../config/config.js';
import type { LoadedConfig } from '../config/load.js';
import { startDemoServer } from '../demo/server.js';
import type { FailPolicy } from '../report/failPolicy.js';
import { logAdvice } from './adviceLog.js';
import { type Arguments, type Command, EXIT_CODES, refused, UsageError } from './command.js';
import { describeFlag } from './flags.js';
import { launch, type Launched } from './launch.js';
import { formatOption, type Output, outputsFrom } from './outputs.js';
import { needsAllResults, policyFrom, policyOptions, REPEATABLE_POLICY_FLAGS } from './policyFlags.js';
import { openRunAudit } from './run/audit.js';
import { CommandProcess } from './run/commandProcess.js';
import { environmentFor, type Rewrite, rewritesOf } from './run/environment.js';
import { Findings } from './run/findings.js';
import { runConfigFrom, runOptions } from './run/settings.js';
import { Shutdown, StopRequests } from './shutdown.js';

// The command `run`: it runs a program behind its own proxy.

/** The requests of the command line. */
interface Order {
  readonly given: Arguments;
  /** The program and its arguments. */
  readonly words: readonly string[];
  readonly rewrites: readonly Rewrite[];
  readonly policy: FailPolicy;
  /** The outputs besides the summary on standard error. */
  readonly outputs: readonly Output[];
}

function wordsIn(given: Arguments): readonly string[] {
  const words = Array.isArray(given['--']) ? given['--'].map(String) : [];
  if (words.length > 0) return words;
  throw refused('run: expected a command after --, such as sluice run --upstream db.example.com -- npm test');
}

function listOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** @throws {UsageError} @throws {ConfigError} if a limit is no number or size */
function orderFrom(given: Arguments): Order {
  if (given['demo'] === true && given['upstream'] !== undefined) {
    throw new UsageError(['--demo: is the server itself, leave --upstream out']);
  }
  return {
    given, words: wordsIn(given), rewrites: rewritesOf(listOf(given['rewrite']), process.env),
    policy: policyFrom(given, 'limits'), outputs: given['format'] === undefined ? [] : outputsFrom(given),
  };
}

/** @throws {ConfigError} @throws {UsageError} if the command could not find the proxy there */
function configFor({ given, policy }: Order, demo: Address | null): LoadedConfig {
  const loaded = runConfigFrom(given, process.env, { demo, allResults: needsAllResults(policy) });
  if (!loaded.config.listen.some(({ at }) => isSocketFile(at))) return loaded;
  throw new UsageError(['--listen: the command needs a host and a port']);
}

function addressOf([place]: readonly Place[]): Address {
  if (place === undefined || isSocketFile(place)) throw new Error('the proxy listens on a TCP address');
  return reachedAt(place);
}

/** Ends the proxy when the command has ended. Sessions that are busy get a moment. */
async function endProxy({ program, logger }: Launched): Promise<void> {
  const requests = new StopRequests();
  requests.add('the command has ended');
  await Shutdown.of(program, requests, logger);
}

async function runWith(order: Order, loaded: LoadedConfig, command: CommandProcess): Promise<number> {
  const findings = new Findings(order.policy, order.outputs);
  const launched = await launch(loaded, {
    openAudit: (target, log) => openRunAudit(target, log, (record) => findings.add(record)),
    beforeFailing: () => command.end(),
    loadConfig: () => loaded,
    stop() {},
  });
  if (launched === null) return EXIT_CODES.failed;
  const { logger, proxy } = launched;
  logAdvice(logger, loaded, []); // a command needs few descriptors
  const environment = environmentFor(addressOf(proxy.places), order.rewrites, process.env);
  const exitCode = await command.run(order.words, environment);
  await endProxy(launched);
  const judged = command.hasBegun ? await findings.tell(launched.metrics) : exitCode;
  return launched.exit(exitCode === EXIT_CODES.ok ? judged : exitCode);
}

/** Runs a command behind a proxy of its own, and ends with its exit code, or with 3 if a policy was broken. */
export const run: Command = {
  name: 'run',
  describe: 'run a command, such as a test suite, behind a proxy of its own',
  operands: '-- COMMAND...',
  options: {
    ...runOptions,
    demo: { describe: 'use the embedded server of sluice demo, without a database', type: 'boolean' },
    rewrite: {
      describe: describeFlag('NAME', 'put the address of the proxy into the URL that this variable holds'),
      requiresArg: true,
    },
    format: { ...formatOption, defaultDescription: 'a summary on standard error' },
    ...policyOptions,
  },
  repeatable: ['rewrite', 'format', ...REPEATABLE_POLICY_FLAGS],
  takesCommand: true,
  async run(given) {
    const order = orderFrom(given);
    const isDemo = given['demo'] === true;
    const loaded = configFor(order, isDemo ? { host: '127.0.0.1', port: 1 } : null);
    const command = new CommandProcess();
    if (!isDemo) return runWith(order, loaded, command);
    const { address } = await startDemoServer();
    return runWith(order, configFor(order, address), command);
  },
};
