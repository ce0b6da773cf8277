import type { Lifetime } from '../support/guard.js';
import { APP } from '../support/seed.js';
import { type Server, type ServerKind, startServer } from '../support/servers.js';
import { type Sluice, startSluice } from '../support/sluice.js';
import { BASE_CAPABILITIES, WireClient } from '../support/wireClient.js';
import { Capability } from '../../src/protocol/capabilities.js';
import { commandsIn } from './commandsIn.js';
import { compareHeard, compareRecordings, type Heard, heardOf } from './compare.js';
import type { Group, Line } from './line.js';
import { LIST } from './list.js';
import { type RecordingRelay, startRecordingRelay } from './recordingRelay.js';
import { clearedBy, type Variant, variantsOf } from './variants.js';

// Says the whole list to a server directly, then through the proxy with a recording relay on either side of it:
//
//     client ------------------------------------> server
//     client -> relay -> sluice -> relay ---------> server

/** The outcome of one group in one variant. */
export interface Verdict {
  readonly variant: string;
  readonly group: string;
  /** The number of lines that were sent, counting each way. */
  readonly said: number;
  /** The command bytes that the client sent; none when it compresses. */
  readonly commands: ReadonlySet<number>;
  readonly differences: readonly string[];
}

export interface Choice {
  /** Selects groups and lines whose title contains this. */
  readonly filter?: string | undefined;
  /** Selects variants whose name contains this. */
  readonly variant?: string | undefined;
  /** Only the variants that run with every `npm test`. */
  readonly isUsual?: boolean;
}

const COMPRESSIONS = Capability.COMPRESS | Capability.ZSTD_COMPRESSION_ALGORITHM;

/** Far longer than any line takes. A connection that hangs is closed after it. */
const LINE_PATIENCE_MS = 60_000;

/**
 * MariaDB numbers statements by thread, across the connections of that thread. So each connection has a thread of its
 * own.
 */
const SERVER_OPTIONS: Record<ServerKind, readonly string[]> = { mariadb: ['--thread-cache-size=0'], mysql: [] };

/** Sends the list to a server of this kind. `report` gets the outcome of each group. */
export const prove = async (
  life: Lifetime, kind: ServerKind, choice: Choice, report: (verdict: Verdict) => void,
): Promise<void> => {
  const server = await startServer(life, kind, SERVER_OPTIONS[kind]);
  const admin = await openAdmin(life, server);
  const own = LIST.filter((group) => (group.server ?? kind) === kind);
  const groups = own.map((group) => chosenOf(group, choice.filter)).filter(({ lines }) => lines.length > 0);
  for (const { once = [] } of own) for (const statement of once) await admin.sql(statement);
  for (const variant of chosenVariants(kind, choice)) await new Proof(life, server, admin, variant, report).run(groups);
  await admin.quit();
};

/** The selected variants. */
export const chosenVariants = (kind: ServerKind, { variant = '', isUsual = false }: Choice): readonly Variant[] =>
  variantsOf(kind).filter((one) => one.name.includes(variant) && (!isUsual || one.isUsual === true));

/** Both ways to the server, without and with the proxy, in one variant. */
class Proof {
  /** The groups by the number of the session in which the proxy saw them. */
  private readonly sessions: Group[] = [];

  constructor(
    private readonly life: Lifetime,
    private readonly server: Server,
    private readonly admin: WireClient,
    private readonly variant: Variant,
    private readonly report: (verdict: Verdict) => void,
  ) {}

  async run(groups: readonly Group[]): Promise<void> {
    const behind = await startRecordingRelay(this.server.port);
    const sluice = await startSluice(this.life, { upstream: behind.port, config: this.variant.config });
    const before = await startRecordingRelay(sluice.port);
    const offered = await this.offered();
    for (const group of groups) if (this.isSaid(group, offered)) await this.prove(group, before, behind);
    before.close();
    behind.close();
    this.checkLog(sluice, await sluice.stop());
  }

  /** The capabilities in effect between the client of this variant and the server. */
  private async offered(): Promise<bigint> {
    const client = await WireClient.connect(
      { port: this.server.port, capabilities: this.variant.capabilities, ...APP },
    );
    await client.quit();
    return client.capabilities & client.greeting.capabilities;
  }

  private isSaid({ needs = 0n, without = 0n, isLarge }: Group, offered: bigint): boolean {
    if (isLarge === true && this.variant.isLarge !== true) return false;
    const throughout = offered & ~clearedBy(this.variant);
    return (throughout & needs) === needs && (offered & without) === 0n;
  }

  private async prove(group: Group, before: RecordingRelay, behind: RecordingRelay): Promise<void> {
    this.sessions.push(group);
    const direct = await this.play(group, this.server.port);
    const proxied = await this.play(group, before.port);
    const [client, ...more] = await before.take();
    const [server] = await behind.take();
    if (client === undefined || server === undefined || more.length > 0) {
      throw new Error(`${group.name}: not one connection`);
    }
    const differences = [
      ...compareHeard(direct, proxied, this.variant.clears === undefined),
      ...compareRecordings(client, server, clearedBy(this.variant)),
    ];
    const isPlain = (this.variant.capabilities & COMPRESSIONS) === 0n;
    this.tell(group.name, direct.length, differences, isPlain ? commandsIn(client.toServer) : undefined);
  }

  /** One connection that sends all lines of a group. */
  private async play(group: Group, port: number): Promise<Heard[]> {
    for (const statement of group.setup ?? []) await this.admin.sql(statement);
    const heard: Heard[] = [];
    const { capabilities, overreaching = 0n } = this.variant;
    const attributes = { program_name: 'differential' };
    const login = { ...APP, ...group.login, port, capabilities, overreaching, attributes };
    const client = await WireClient.connect(login).catch((error: Error) => error);
    if (client instanceof Error) return [heardOf('login', 'text', false, client, Buffer.alloc(0))];
    client.transport.takeReceived(); // no two connections have the same nonce
    for (const line of group.lines) for (const way of line.ways) heard.push(await hear(client, line, way));
    await client.quit();
    return heard;
  }

  /** The proxy must follow every session, except where it is known not to, and must end by itself. */
  private checkLog(sluice: Sluice, exitCode: number | null): void {
    const found = sluice.log().filter(({ msg }) => msg.startsWith('cannot follow'));
    const lost = found.map((line) => ({ line, group: this.sessions[Number(line['session']) - 1] }));
    const unexpected = lost.filter(({ group }) => group?.isUnparsed !== true)
      .map(({ line, group }) => `lost step in "${group?.name}": ${JSON.stringify(line)}`);
    const missing = this.sessions
      .filter((group) => group.isUnparsed === true && !lost.some((one) => one.group === group))
      .map(({ name }) => `should have said that it cannot follow "${name}"`);
    const complaints = sluice.log().filter(({ level }) => level === 'error' || level === 'fatal')
      .map((line) => JSON.stringify(line));
    const end = exitCode === 0 ? [] : [`ended with ${exitCode}`];
    this.tell("the proxy's log", 0, [...unexpected, ...missing, ...complaints, ...end]);
  }

  private tell(
    group: string, said: number, differences: readonly string[], commands: ReadonlySet<number> = new Set(),
  ): void {
    this.report({ variant: this.variant.name, group, said, commands, differences });
  }
}

const hear = async (client: WireClient, line: Line, way: Line['ways'][number]): Promise<Heard> => {
  const patience = setTimeout(() => client.destroy(), LINE_PATIENCE_MS);
  try {
    const answer = await line.play(client, way).catch((error: Error) => error);
    return heardOf(line.title, way, line.isVolatile ?? false, answer, client.transport.takeReceived());
  } finally {
    clearTimeout(patience);
  }
};

/** The selected lines of a group: all when the group's own name is selected. */
const chosenOf = (group: Group, filter = ''): Group =>
  group.name.includes(filter) ? group
    : { ...group, lines: group.lines.filter(({ title }) => title.includes(filter)) };

const openAdmin = async (life: Lifetime, server: Server): Promise<WireClient> => {
  await server.sql(`GRANT ALL ON *.* TO '${APP.user}'@'%' WITH GRANT OPTION`);
  const admin = await WireClient.connect({ port: server.port, ...APP, capabilities: BASE_CAPABILITIES });
  life.teardown(() => admin.destroy());
  await admin.sql("SET SESSION sql_mode = ''"); // takes dates that are not
  return admin;
};
