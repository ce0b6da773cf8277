import { type Server, type ServerKind } from '../support/servers.js';

// What a test may have changed in a server: schemas, tables, accounts, variables, the binary log, open connections.

/** Queries that give the same rows as at the start if a test has left nothing in the server. */
const LOOKS = [
  'SELECT schema_name FROM information_schema.schemata ORDER BY 1',
  `SELECT table_schema, table_name, engine FROM information_schema.tables
    WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'sys') ORDER BY 1, 2`,
  "SELECT routine_schema, routine_name FROM information_schema.routines WHERE routine_schema <> 'sys' ORDER BY 1, 2",
  'SELECT trigger_schema, trigger_name FROM information_schema.triggers ORDER BY 1, 2',
  'SELECT event_schema, event_name FROM information_schema.events ORDER BY 1, 2',
  'SELECT * FROM mysql.user ORDER BY user, host',
  'SELECT * FROM mysql.db ORDER BY user, host, db',
  'SHOW CREATE TABLE shop.numbers',
  'CHECKSUM TABLE shop.numbers',
];

const VARIABLES = 'SHOW GLOBAL VARIABLES';
/** Variables that change without a statement. */
const MOVING = /^gtid_|^innodb_.*_pct_|^timestamp$/;

const OTHER_CONNECTIONS = `SELECT id FROM information_schema.processlist
  WHERE id <> CONNECTION_ID() AND command <> 'Daemon' AND user NOT IN ('system user', 'event_scheduler')`;
const ACCOUNTS = "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user";
const SCHEMAS = 'SELECT schema_name FROM information_schema.schemata';
const TABLES = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'shop'";

const FORGET_LOG: Record<ServerKind, string> = { mariadb: 'RESET MASTER', mysql: 'RESET BINARY LOGS AND GTIDS' };

/** Far longer than restoring takes. A stopped process (SIGSTOP) never answers. */
const PATIENCE_MS = 20_000;

const firstOf = (rows: readonly string[][]): string[] => rows.map(([value]) => value!);

/** The state of a server, which can be made again. */
export class ServerState {
  private constructor(
    private readonly server: Server,
    private readonly accounts: readonly string[],
    private readonly schemas: readonly string[],
    private readonly variables: ReadonlyMap<string, string>,
    private readonly seen: string,
  ) {}

  /** The state in which a server is now. */
  static async of(server: Server): Promise<ServerState> {
    const [accounts, schemas] = [firstOf(await server.sql(ACCOUNTS)), firstOf(await server.sql(SCHEMAS))];
    return new ServerState(server, accounts, schemas, await variablesOf(server), await lookAt(server));
  }

  /**
   * Takes back what a test has left in the server.
   * @returns whether the server is as it was
   */
  async restore(): Promise<boolean> {
    let late: NodeJS.Timeout | undefined;
    const patience = new Promise<boolean>((resolve) => { late = setTimeout(() => resolve(false), PATIENCE_MS); });
    try {
      return await Promise.race([this.tryToRestore().catch(() => false), patience]);
    } finally {
      clearTimeout(late);
    }
  }

  private async tryToRestore(): Promise<boolean> {
    await this.endConnections();
    await this.server.sql([...await this.leftovers(), 'FLUSH PRIVILEGES', FORGET_LOG[this.server.kind]].join(';\n'));
    return await lookAt(this.server) === this.seen
      && [...await variablesOf(this.server)].every(([name, value]) => this.variables.get(name) === value);
  }

  private async endConnections(): Promise<void> {
    for (;;) {
      const open = firstOf(await this.server.sql(OTHER_CONNECTIONS));
      if (open.length === 0) return;
      // One at a time: KILL fails for a connection that has closed in the meantime.
      for (const id of open) await this.server.sql(`KILL ${id}`).catch(() => undefined);
    }
  }

  /** The statements that undo what was made and set. */
  private async leftovers(): Promise<string[]> {
    const { server } = this;
    const schemas = firstOf(await server.sql(SCHEMAS)).filter((name) => !this.schemas.includes(name));
    const accounts = firstOf(await server.sql(ACCOUNTS)).filter((name) => !this.accounts.includes(name));
    const tables = (await server.sql(TABLES)).filter(([name]) => name !== 'numbers');
    const changed = [...await variablesOf(server)]
      .map(([name, value]) => [name, value, this.variables.get(name)] as const)
      .filter(([, value, before]) => before !== undefined && value !== before);
    return [
      ...changed.map(([name, , before]) => `SET GLOBAL ${name} = ${literal(before!)}`),
      ...schemas.map((name) => `DROP DATABASE \`${name}\``),
      ...tables.map(([name, type]) => `DROP ${type === 'VIEW' ? 'VIEW' : 'TABLE'} shop.\`${name}\``),
      ...accounts.map((account) => `DROP USER ${account}`),
    ];
  }
}

const lookAt = async (server: Server): Promise<string> =>
  JSON.stringify(await server.sql(LOOKS.join(';\n')));

const variablesOf = async (server: Server): Promise<ReadonlyMap<string, string>> => {
  const rows = await server.sql(VARIABLES);
  return new Map(rows.filter(([name]) => !MOVING.test(name!)).map(([name, value]) => [name!, value!] as const));
};

const literal = (value: string): string => (/^\d+$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`);
