import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderOf, type Language } from './drivers.js';
import { run, runOk } from './run.js';
import { APP } from './seed.js';
import { connectOptions } from './clients.js';
import { commandLineOf, MYSQL9_ENV, type ServerKind } from './servers.js';

// Programs whose statements name their route and their trace, each with the means of its framework. Each program reads
// 50 rows of the table `numbers` for the page `reports`, and as many for `invoices`.

export const PAGES = ['reports', 'invoices'] as const;
export const PAGE_ROWS = 50;

/** The outcome of one page that a program has read. */
export interface PageReport {
  readonly framework: string;
  readonly port: number;
  readonly page: string;
  readonly traceId: string;
  /** Null if the page failed. */
  readonly rows: number | null;
  /** The number of the error with which it failed; null if it did not. */
  readonly error: number | null;
}

export interface TaggingProgram {
  /** The language whose tools it needs, as in `isMissing`. */
  readonly language: Language;
  /** The frameworks that it uses, each with the route that it names for a page. */
  readonly routes: Readonly<Record<string, (page: string) => string>>;
  /** Starts it once for all ports. */
  read(ports: readonly number[]): Promise<readonly PageReport[]>;
}

const CLIENTS = fileURLToPath(new URL('../clients', import.meta.url));

const program = (
  language: Language, routes: TaggingProgram['routes'], command: () => readonly string[],
): TaggingProgram => ({
  language, routes,
  read: async (ports) => {
    const out = await runOk('env', [...command(), APP.user, APP.password, APP.schema, ...ports.map(String)]);
    return JSON.parse(out.split('\n').find((line) => line.startsWith('['))!) as PageReport[];
  },
});

export const TAGGING_PROGRAMS: readonly TaggingProgram[] = [
  program('python', { Django: (page) => `${page}/<int:id>/`, SQLAlchemy: (page) => `/${page}/<int:id>/` }, () => [
    join(folderOf('python'), 'bin/python'), '-B', join(CLIENTS, 'python/tagging.py')]),
  program('node', { Knex: (page) => `/${page}/:id`, Sequelize: (page) => `/${page}/:id` }, () => [
    `NODE_PATH=${join(folderOf('node'), 'node_modules')}`, process.execPath,
    join(CLIENTS, 'node/tagging.cjs')]),
  program('java', { 'Hibernate': (page) => `/${page}/{id}`, 'Connector/J': (page) => `/${page}/{id}` }, () => [
    'java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp',
    `${join(folderOf('java'), 'classes')}:${join(folderOf('java'), 'hibernate')}/*`, 'Tagging']),
];

/**
 * Runs lines with a vendor's command line, which sends comments as they are; MySQL's also takes commands of its own.
 * Returns the number of rows that it has printed.
 */
export const rowsOfLines = async (vendor: ServerKind, port: number, lines: readonly string[]): Promise<number> => {
  const ownCommands = vendor === 'mysql' ? ['--commands'] : [];
  const flags = ['--batch', '--skip-column-names', '--comments', '--force', ...ownCommands];
  const { stdout } = await run(commandLineOf(vendor), [...connectOptions(vendor, port), ...flags, APP.schema],
    { input: lines.join('\n'), env: MYSQL9_ENV });
  return stdout.split('\n').length - 1;
};
