import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { makeAuthority, serverTls } from '../support/certificates.js';
import { startNetworkNamespace } from '../support/networkNamespace.js';
import { type Server, SERVER_KINDS, type ServerKind, startServer } from '../support/servers.js';
import { type ReaderOptions, readSlowly, type SlowReader } from '../support/slowReaders.js';
import { startSluice } from '../support/sluice.js';

// The slowest reader that survives, without and with Sluice, side by side: for each way to each server. Findings are
// stored, so that an interrupted run resumes; the complete ones are the proof's result.

const RESULTS = fileURLToPath(new URL('results/slowest-readers.md', import.meta.url));
const FOUND = fileURLToPath(new URL('../../node_modules/.cache/sluice-proof/slowest-readers.json', import.meta.url));
/** Compared to a direct connection: the largest ratios of the slowest rate that survives, and of the waiting bytes. */
const MAX_RATE_RATIO = 1.2;
const MAX_WAITING_RATIO = 1.5;
/**
 * Readers at these rates count as streams. Their results are past the default limit, so that mode enforce has to let
 * them pass.
 */
const MODES = { enforce: ['--mode', 'enforce', '--max-rows', '1000'], audit: ['--mode', 'audit'] } as const;
const NETWORKS = ['loopback', 'veth'] as const;
const IN_CLEAR = { listen: { tls: { mode: 'off' } }, upstream: { tls: { mode: 'off' } } };
/** `isCostly`: two cores cannot serve the readers of all ways at the same time. */
const TRANSPORTS: Readonly<Record<string, {
  readonly config: object; readonly reader: ReaderOptions; readonly isCostly?: true;
}>> = {
  'in the clear': { config: IN_CLEAR, reader: {} },
  'TLS to the server': { config: { ...IN_CLEAR, upstream: { tls: { mode: 'required' } } }, reader: {} },
  'TLS to the client': { config: { ...IN_CLEAR, listen: { tls: { mode: 'auto' } } }, reader: { encrypt: true } },
  compressed: { config: IN_CLEAR, reader: { compress: true }, isCostly: true },
};

type Network = (typeof NETWORKS)[number];
/** The findings for readers over one way. */
interface Found {
  /** The slowest rate in KB/s at which it and all faster readers survived; null when even the fastest was lost. */
  readonly rate: number | null;
  /** The bytes that waited in the kernel for one reader: the median of those that survived. */
  readonly waitingBytes: number;
}
/** The findings for one way to one server: without Sluice, and with Sluice in each mode. */
type Cell = Readonly<Record<'direct' | keyof typeof MODES, Found>>;
type Cells = Record<string, Cell>;

export interface SearchScale {
  readonly netWriteTimeoutSeconds: number;
  readonly seconds: number;
  readonly rates: readonly number[];
}

/** Searches all open cells, writes the findings into the results file, and compares them with the goal. */
export const searchSlowestReaders = async (t: Test, scale: SearchScale): Promise<void> => {
  const cells: Cells = existsSync(FOUND) ? JSON.parse(readFileSync(FOUND, 'utf8')) as Cells : {};
  for (const network of NETWORKS) for (const kind of SERVER_KINDS) await searchServer(t, scale, network, kind, cells);
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, report(scale, cells));
  for (const [name, cell] of Object.entries(cells)) hold(t, name, cell);
};

const searchServer = async (
  t: Test, scale: SearchScale, network: Network, kind: ServerKind, cells: Cells,
): Promise<void> => {
  const missing = Object.keys(TRANSPORTS).filter((transport) => !(nameOf(network, kind, transport) in cells));
  if (missing.length === 0) return;
  await t.test(`readers of ${kind} by ${network} are searched`, async (t) => {
    const far = network === 'veth' ? await startNetworkNamespace(t) : { farAddress: '127.0.0.1', within: [] };
    if (far === null) throw new Error('this machine allows no network namespace');
    const authority = await makeAuthority(t);
    const tls = serverTls(authority, await authority.issue('localhost'));
    const options = [`--net-write-timeout=${scale.netWriteTimeoutSeconds}`, `--bind-address=${far.farAddress}`, ...tls];
    const server = await startServer(t, kind, options, far.within);
    for (const transport of missing) {
      cells[nameOf(network, kind, transport)] = await searchCell(t, scale, server, far.farAddress, transport);
      mkdirSync(dirname(FOUND), { recursive: true });
      writeFileSync(FOUND, JSON.stringify(cells, null, 2));
    }
  });
};

const nameOf = (network: Network, kind: ServerKind, transport: string): string => `${kind}, ${network}, ${transport}`;

const searchCell = async (
  t: Test, scale: SearchScale, server: Server, host: string, transport: string,
): Promise<Cell> => {
  const { config, reader, isCostly } = TRANSPORTS[transport]!;
  const search = async (address: string, port: number): Promise<Found> =>
    foundBy(await readSlowly(port, scale.seconds, scale.rates, { ...reader, host: address, serverPid: server.pid }));
  const through = async (mode: keyof typeof MODES): Promise<Found> => {
    const sluice = await startSluice(t, { upstream: server.port, upstreamHost: host, config, flags: MODES[mode] });
    const found = await search('127.0.0.1', sluice.port);
    await sluice.stop();
    return found;
  };
  const direct = search(host, server.port);
  if (isCostly) await direct;
  const enforce = through('enforce');
  if (isCostly) await enforce;
  const [audit] = await Promise.all([through('audit'), direct, enforce]);
  const cell = { direct: await direct, enforce: await enforce, audit };
  t.comment(`${transport}: ${JSON.stringify(cell)}`);
  return cell;
};

const foundBy = (readers: readonly SlowReader[]): Found => {
  const lastLost = readers.findLastIndex(({ lived }) => !lived);
  const alive = readers.filter(({ lived }) => lived);
  const waiting = alive.map(({ waitingBytes }) => waitingBytes ?? 0).sort((a, b) => a - b);
  return { rate: readers[lastLost + 1]?.rate ?? null, waitingBytes: waiting[waiting.length >> 1] ?? 0 };
};

const hold = (t: Test, name: string, cell: Cell): void => {
  const { direct, ...through } = cell;
  for (const [mode, { rate, waitingBytes }] of Object.entries(through)) {
    const most = MAX_RATE_RATIO * (direct.rate ?? 0);
    t.ok(rate !== null && rate <= most, `${name}, ${mode}: ${rate} KB/s live, ${direct.rate} directly`);
    t.ok(waitingBytes <= MAX_WAITING_RATIO * direct.waitingBytes,
      `${name}, ${mode}: ${kib(waitingBytes)} KiB wait, ${kib(direct.waitingBytes)} directly`);
  }
};

const kib = (bytes: number): number => Math.round(bytes / 1024);

const report = ({ netWriteTimeoutSeconds, seconds }: SearchScale, cells: Cells): string => {
  const ratio = (value: number | null, direct: number | null): string =>
    value === null || direct === null ? '-' : (value / direct).toFixed(2);
  const row = ([name, { direct, enforce, audit }]: [string, Cell]): string => `| ${[
    name, direct.rate, enforce.rate, ratio(enforce.rate, direct.rate), audit.rate, ratio(audit.rate, direct.rate),
    kib(direct.waitingBytes), kib(enforce.waitingBytes), ratio(enforce.waitingBytes, direct.waitingBytes),
    kib(audit.waitingBytes), ratio(audit.waitingBytes, direct.waitingBytes),
  ].map((value) => value ?? 'lost').join(' | ')} |`;
  return `# The slowest reader that lives

Written by \`SLUICE_PROOF=whole npx tap test/proof/slowReaders.test.ts\`. Rates in KB/s of payload, in steps of 10 %:
the slowest reader that the server still served after ${seconds} seconds, as it did all faster ones, with
\`net_write_timeout\` ${netWriteTimeoutSeconds} s; a client reads 8 KiB at a time, and they begin one after the other. \`enforce\` has a limit of 1,000
rows, past which these readers stream. What waits is the sum of all queues in the kernel for one reader, in KiB.
Linux ${release()}, ${cpus().length} cores.

| | directly | enforce | ratio | audit | ratio | waits directly | enforce | ratio | audit | ratio |
|---|---|---|---|---|---|---|---|---|---|---|
${Object.entries(cells).map(row).join('\n')}
`;
};
