import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { folderOf, type Language } from './drivers.js';
import { guard, type Lifetime, spawned } from './guard.js';
import { APP } from './seed.js';

// The MCP servers that test/clients pins. Assistants reach a database through one of these. They speak JSON-RPC on
// standard input and output, one message a line.

export interface McpServer {
  readonly name: string;
  readonly language: Language;
  /** Whether all statements share one connection; if not, each statement has its own. */
  readonly keepsConnection: boolean;
  /**
   * The statements that it sends to the database: all, those that it can parse (SHOW VARIABLES is not among them), or
   * only SELECT.
   */
  readonly sends: 'everything' | 'what it parses' | 'SELECT';
  /** The tool that runs a statement, and the name of its argument. */
  readonly tool: readonly [name: string, argument: string];
  /** The command that starts it for the database at `port`, as the account of all tests, with changes allowed. */
  command(port: number): readonly string[];
  environment(port: number): Readonly<Record<string, string>>;
}

/** Calls the module's `main`. The scripts of a virtual environment work only in the folder in which it was made. */
const inPython = (module: string): readonly string[] =>
  [join(folderOf('python'), 'bin/python'), '-c', `from ${module} import main; main()`];
/** Starts the file by its real path: the program compares that with the path of its module. */
const inNode = (file: string): readonly string[] =>
  [process.execPath, realpathSync(join(folderOf('mcp'), 'node_modules', file))];

const mysqlVariables = (port: number): Record<string, string> => ({
  MYSQL_HOST: '127.0.0.1', MYSQL_PORT: String(port), MYSQL_USER: APP.user, MYSQL_PASSWORD: APP.password,
  MYSQL_DATABASE: APP.schema,
});

const benborlaVariables = (port: number): Record<string, string> => ({
  MYSQL_HOST: '127.0.0.1', MYSQL_PORT: String(port), MYSQL_USER: APP.user, MYSQL_PASS: APP.password,
  MYSQL_DB: APP.schema,
  ALLOW_INSERT_OPERATION: 'true', ALLOW_UPDATE_OPERATION: 'true', ALLOW_DELETE_OPERATION: 'true',
  ALLOW_DDL_OPERATION: 'true',
});

export const MCP_SERVERS: readonly McpServer[] = [
  {
    name: 'database-mcp-mysql', language: 'python', keepsConnection: true, sends: 'everything',
    tool: ['execute_sql', 'sql'],
    command: () => [...inPython('database_mcp_mysql'), '--allow-write'], environment: mysqlVariables,
  },
  {
    name: 'mysql-mcp-server', language: 'python', keepsConnection: false, sends: 'everything',
    tool: ['execute_sql', 'query'],
    command: () => inPython('mysql_mcp_server'), environment: mysqlVariables,
  },
  {
    name: '@benborla29/mcp-server-mysql', language: 'mcp', keepsConnection: true, sends: 'what it parses',
    tool: ['mysql_query', 'sql'],
    command: () => inNode('@benborla29/mcp-server-mysql/dist/index.js'), environment: benborlaVariables,
  },
  {
    name: 'mcp-server-mysql', language: 'mcp', keepsConnection: true, sends: 'SELECT',
    tool: ['mysql_query', 'sql'],
    command: () => inNode('mcp-server-mysql/index.js'), environment: benborlaVariables,
  },
  {
    name: '@bytebase/dbhub', language: 'mcp', keepsConnection: true, sends: 'everything',
    tool: ['execute_sql', 'sql'],
    command: (port) => [
      ...inNode('@bytebase/dbhub/dist/index.js'), '--transport', 'stdio',
      '--dsn', `mysql://${APP.user}:${APP.password}@127.0.0.1:${port}/${APP.schema}`,
    ],
    environment: () => ({}),
  },
];

interface Answer {
  readonly id?: number;
  readonly result?: { readonly content?: readonly { readonly text?: string }[] };
  readonly error?: { readonly message: string };
}

/** An MCP server that runs, and its client. */
export class Assistant {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private requests = 0;
  /** The answer to every request after the server has ended. */
  private last: Answer | null = null;

  private constructor(private readonly server: McpServer, private readonly input: Writable) {}

  /** Starts an MCP server for the database at a port of 127.0.0.1. It ends with `t`. */
  static async start(t: Lifetime, server: McpServer, port: number): Promise<Assistant> {
    const child: ChildProcess = spawn('env', [...server.command(port)], {
      stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...server.environment(port) },
    });
    const callOff = guard(await spawned(child));
    const ended = once(child, 'close').finally(callOff);
    t.teardown(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const assistant = new Assistant(server, child.stdin!);
    child.stdin!.on('error', () => undefined); // the event of its end reports the cause
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => { said = `${said}${text}`.slice(-4000); });
    createInterface({ input: child.stdout! }).on('line', (line) => assistant.hear(line));
    void ended.then(() => assistant.gone(said));
    await assistant.ask('initialize', {
      protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'sluice', version: '1' },
    });
    assistant.say({ method: 'notifications/initialized' });
    return assistant;
  }

  /** Runs a statement. Returns all that the assistant reads of its outcome, a result or an error. */
  async run(sql: string): Promise<string> {
    const [name, argument] = this.server.tool;
    const { result, error } = await this.ask('tools/call', { name, arguments: { [argument]: sql } });
    const text = error?.message ?? (result?.content ?? []).map(({ text: part }) => part ?? '').join('\n');
    return text.replaceAll('\\"', '"'); // some answer in JSON
  }

  private ask(method: string, params: object): Promise<Answer> {
    const id = (this.requests += 1);
    this.say({ id, method, params });
    const { last } = this;
    return last === null ? new Promise((resolve) => this.waiting.set(id, resolve)) : Promise.resolve(last);
  }

  private say(message: object): void {
    this.input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  private hear(line: string): void {
    if (!line.startsWith('{')) return;
    const answer = JSON.parse(line) as Answer;
    if (answer.id === undefined) return;
    this.waiting.get(answer.id)?.(answer);
    this.waiting.delete(answer.id);
  }

  private gone(said: string): void {
    this.last = { error: { message: `${this.server.name} has ended, and said: ${said}` } };
    for (const resolve of this.waiting.values()) resolve(this.last);
  }
}
