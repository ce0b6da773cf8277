import { createLog } from '../audit/log.js';
import type { Address, Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { formatAddress, isSocketFile } from '../config/address.js';
import { countOf, size } from '../report/amounts.js';
import { type Arguments, type Command, EXIT_CODES, say, UsageError } from './command.js';
import { Page } from './demo/page.js';
import { scenes } from './demo/scenes.js';
import { Stage } from './demo/stage.js';
import { StopRequests } from './shutdown.js';
import { errorText } from '../text/errorText.js';

// The command `demo`: it shows Sluice at work, without a database.

const DEFAULT_LISTEN = '127.0.0.1:0';
const DEFAULT_MAX_ROWS = '1000';
/** The largest limit. The table of the demo has one row more, so that it is cut. */
const LARGEST_MAX_ROWS = 999_999;
/**
 * How long the command after the cut may wait while a million rows are discarded. On a busy machine this takes longer
 * than the default.
 */
const DRAIN_WAITING_MS = 30_000;

/**
 * The configuration of the demo's proxy: its flags, `drain.waiting`, and the defaults. No file and no variables, so
 * that the demo is the same everywhere.
 */
function configFor(given: Arguments, upstream: Address): Config {
  const flags = {
    listen: given['listen'] ?? DEFAULT_LISTEN,
    'max-rows': given['max-rows'] ?? DEFAULT_MAX_ROWS,
    upstream: formatAddress(upstream),
  };
  const config = loadConfig(flags, {});
  if (config.listen.some(({ at }) => isSocketFile(at))) {
    throw new UsageError(['--listen: the demo needs a host and a port']);
  }
  const drain = { ...config.drain, waitingMs: DRAIN_WAITING_MS };
  if (config.limits.rows <= LARGEST_MAX_ROWS) return { ...config, drain };
  throw new UsageError([`--max-rows: the demo's table must exceed it, give at most ${LARGEST_MAX_ROWS}`]);
}

function introduce(stage: Stage, page: Page): void {
  const { config, server, enforcing } = stage;
  const { rows, bytes } = config.limits;
  page.title('Sluice', 'counts every result of MySQL and MariaDB, and cuts the oversized ones');
  page.line();
  const serverAt = formatAddress(server.address);
  const proxyAt = formatAddress(enforcing.address);
  page.line(`server  ${serverAt}  embedded, makes up tables while you read`, '   ');
  page.line(`proxy   ${proxyAt}  lets ${countOf(rows, 'row')} or ${size(bytes)} of a response pass`, '   ');
}

function invite(stage: Stage, page: Page): void {
  const { host, port } = stage.enforcing.address;
  const rows = stage.config.limits.rows;
  page.heading('Your turn. The proxy keeps running and accepts every user and password:');
  page.command(`mariadb -h ${host} -P ${port} -u demo demo`);
  page.command(`mysql --protocol=tcp -h ${host} -P ${port} -u demo demo`);
  page.line();
  page.command(`SELECT * FROM rows_${rows};  -- passes`);
  page.command(`SELECT * FROM rows_${rows + 1};  -- is cut`);
  page.command('SHOW TABLES;');
  page.line();
  page.line('Ctrl-C ends it. Audit records, as they come:', '   ');
}

async function play(stage: Stage, page: Page, isOnce: boolean): Promise<number> {
  introduce(stage, page);
  let isGood = true;
  for (const scene of scenes) isGood = (await scene(stage, page)) && isGood;
  if (isOnce) {
    page.heading(isGood ? 'Everything came out as promised.' : 'NOT everything came out as promised.');
    return isGood ? EXIT_CODES.ok : EXIT_CODES.failed;
  }
  const requests = new StopRequests();
  invite(stage, page);
  stage.enforcing.records.forEach((record) => page.record(record));
  await new Promise<unknown>((resolve) => requests.forEach(resolve));
  return EXIT_CODES.ok;
}

/** Shows the proxy at work in front of an embedded server, and then keeps both running for a real client. */
export const demo: Command = {
  name: 'demo',
  describe: 'show what it does, without a database',
  options: {
    once: { describe: 'end after the show, with exit code 1 if something did not work', type: 'boolean' },
    listen: {
      describe: 'the address of the proxy (port 0: any free port)',
      defaultDescription: DEFAULT_LISTEN,
      requiresArg: true,
    },
    'max-rows': {
      describe: 'the most rows of one response',
      defaultDescription: DEFAULT_MAX_ROWS,
      requiresArg: true,
    },
  },
  async run(given) {
    configFor(given, { host: '127.0.0.1', port: 1 }); // reports mistakes before anything starts
    const log = createLog('warn', process.stderr.isTTY);
    let stage: Stage;
    try {
      stage = await Stage.set((upstream) => configFor(given, upstream), log.logger);
    } catch (error) {
      const reason = errorText(error);
      say([`sluice: the demo cannot start: ${reason}: give another address with --listen`]);
      return EXIT_CODES.failed;
    }
    const exitCode = await play(stage, new Page(process.stdout, process.env), given['once'] === true);
    await stage.strike();
    await log.close();
    return exitCode;
  },
};
