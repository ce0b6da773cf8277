import { request, type IncomingHttpHeaders } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { DemoClient } from '../../src/demo/client.js';
import { startDemoServer } from '../../src/demo/server.js';
import { startProgram, type Running } from '../cli/program.js';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly host?: string;
  readonly body?: string;
}

/** The built program with an admin endpoint, in front of the embedded server. */
export interface AdministeredProgram {
  readonly program: Running;
  readonly upstreamPort: number;
  /** The file that it reads its configuration from. */
  readonly file: string;
  readonly adminPort: number;
  /** Writes the configuration again, with these settings changed. */
  configure(changes: object): void;
  ask(path: string, asking?: Asking): Promise<Reply>;
  /** A client of the proxy that has been let in. */
  connect(): Promise<DemoClient>;
  /** The value of a metric whose labels are written as in the text; 0 if it is not there. */
  metric(name: string): Promise<number>;
}

/** @param within a command that runs the given command elsewhere, such as in a control group */
export async function startAdministered(
  t: Test, config: object = {}, within: readonly string[] = [],
): Promise<AdministeredProgram> {
  const server = await startDemoServer();
  t.teardown(() => server.close());
  const upstream = `127.0.0.1:${server.address.port}`;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-admin-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sluice.json');
  const settings = {
    listen: '127.0.0.1:0', upstream, admin: { listen: '127.0.0.1:0' }, shutdown: { acceptFor: 0 }, ...config
  };
  const configure = (changes: object): void => writeFileSync(file, JSON.stringify({ ...settings, ...changes }));
  configure({});
  const program = await startProgram(t, ['start', '--config', file], {}, within);
  const { admin } = await program.said(/^listening$/);
  const adminPort = Number(String(admin).split(':').at(-1));
  const ask = (path: string, asking: Asking = {}) => askPort(adminPort, path, asking);
  return {
    program, file, adminPort, ask, configure,
    upstreamPort: server.address.port,
    async connect() {
      const client = await DemoClient.connect(
        { host: '127.0.0.1', port: program.port, user: 'demo', schema: 'demo', program: 'test' },
      );
      t.teardown(() => client.close());
      return client;
    },
    async metric(name) {
      const { body } = await ask('/metrics');
      const line = body.split('\n').find((candidate) => candidate.startsWith(`${name} `));
      return line === undefined ? 0 : Number(line.slice(name.length + 1));
    },
  };
}

/** Sends a request over a connection of its own: `fetch` does not allow another Host header. */
export function askPort(
  port: number, path: string, { method = 'GET', headers = {}, host = '127.0.0.1', body }: Asking,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
