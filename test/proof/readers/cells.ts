import { DRIVERS_OF_PROOFS, type Driver } from '../../support/drivers.js';
import { type Combination, coveringSet, type MayMeet } from './covering.js';

// The matrix: which driver reads which rows, how, over which way, and under which load.

/** A buffering reader, or the work of a streaming one for each row in ms. */
export const READERS = ['buffering', '0', '0.2', '0.5', '1', '5'] as const;
const LIMITS = ['1000', '10000', '100000'] as const;
export const LOADS = ['idle', 'busy', 'throttled'] as const;
const WAYS = ['tcp', 'socket', 'namespace'] as const;
const SERVERS = ['mariadb', 'mysql'] as const;

export type Load = typeof LOADS[number];
export type Way = typeof WAYS[number];

const labels = Array.from({ length: 19 }, (_, index) => `label AS c${index}`).join(', ');
/** The rows of a result: the selected columns, and the approximate size of a row's packet in bytes. */
const ROWS = {
  narrow: { select: 'id, label', bytes: 20 },
  '20 columns': { select: `id, ${labels}`, bytes: 210 },
  '4 KB': { select: "id, REPEAT('x', 4000)", bytes: 4015 },
  '100 KB': { select: "id, REPEAT('x', 100000)", bytes: 100_015 },
} as const;
type Rows = keyof typeof ROWS;

/** The two ways in which a driver reads; their names differ by `, streaming`. */
interface Subject {
  readonly buffering?: Driver;
  readonly streaming?: Driver;
}

/** A pool reads as its driver does. A cursor is known by its command at any speed. */
const isOfMatrix = ({ name, protocol }: Driver): boolean => !name.startsWith('HikariCP') && protocol !== 'cursor';

/** A driver's name without the way in which it reads. */
export const subjectOf = ({ name }: Driver): string => name.replace(/, streaming$/, '');

const subjectsOf = (drivers: readonly Driver[]): ReadonlyMap<string, Subject> => {
  const subjects = new Map<string, Subject>();
  for (const driver of drivers.filter(isOfMatrix)) {
    const name = subjectOf(driver);
    const way = driver.reads === 'streaming' ? 'streaming' : 'buffering';
    subjects.set(name, { ...subjects.get(name), [way]: driver });
  }
  return subjects;
};

const SUBJECTS = subjectsOf(DRIVERS_OF_PROOFS);

const DIMENSIONS = {
  driver: [...SUBJECTS.keys()], reader: READERS, limit: LIMITS, rows: Object.keys(ROWS) as Rows[], way: WAYS,
  load: LOADS, server: SERVERS,
} as const;

export interface Cell extends Combination<typeof DIMENSIONS> {
  /** The number of looks at a streaming reader before it stops. */
  readonly looks: 1 | 2;
}

const mayMeet: MayMeet = ({ driver, reader, limit, rows, way }) => {
  if (limit === '100000' && reader !== undefined && !['buffering', '0', '0.2'].includes(reader)) return false;
  if (limit === '100000' && rows !== undefined && rows !== 'narrow') return false;
  if (rows === '100 KB' && limit !== undefined && limit !== '1000') return false;
  if (driver === undefined) return true;
  const { buffering, streaming } = SUBJECTS.get(driver)!;
  if (way === 'socket' && !(buffering ?? streaming)!.hasSockets) return false;
  return reader === undefined || (reader === 'buffering' ? buffering : streaming) !== undefined;
};

/** The driver of a cell, in the cell's way of reading. */
export const driverOf = ({ driver, reader }: Cell): Driver => {
  const { buffering, streaming } = SUBJECTS.get(driver)!;
  return (reader === 'buffering' ? buffering : streaming)!;
};

/** A cell for each allowed pair of values. In one cell of each driver, Sluice looks at the reader twice. */
const covering = (): Cell[] => {
  const lookedAtTwice = new Set<string>();
  return coveringSet(DIMENSIONS, mayMeet).map((cell) => {
    const isSecondLook = cell.reader === '1' && !lookedAtTwice.has(cell.driver);
    if (isSecondLook) lookedAtTwice.add(cell.driver);
    return { ...cell, looks: isSecondLook ? 2 : 1 };
  });
};

/** The drivers for which every way to read is run under every load. */
const WHOLE_DRIVERS = ['PyMySQL 1.2', 'MySQLdb', 'MySQL Connector/J 9.7', 'mysql2'];

const wholes = (): Cell[] => WHOLE_DRIVERS.flatMap((driver) => READERS.flatMap((reader) => LOADS.flatMap((load) =>
  (['narrow', '20 columns'] as const).map((rows) =>
    ({ driver, reader, limit: '10000', rows, way: 'tcp', load, server: 'mariadb', looks: 1 }) as const))));

/**
 * The cells in which a buffering driver is slowest. Their rates have to be above the threshold that separates both
 * kinds.
 */
const slowest = (): Cell[] => [...SUBJECTS].filter(([, { buffering }]) => buffering !== undefined).flatMap(([driver]) =>
  [{ limit: '10000', rows: '20 columns' } as const, { limit: '1000', rows: '100 KB' } as const].map((given) =>
    ({ driver, reader: 'buffering', way: 'tcp', load: 'throttled', server: 'mariadb', looks: 1, ...given })));

/** All cells, each once. */
export const allCells = (): readonly Cell[] =>
  [...new Map([...slowest(), ...covering(), ...wholes()].map((cell) => [nameOf(cell), cell])).values()];

const GATE_CELL = {
  limit: '1000', rows: '20 columns', way: 'tcp', load: 'idle', server: 'mariadb', looks: 1,
} as const;

/**
 * The cells for which `npm test` has time: buffering drivers far from that threshold, and readers that mostly sleep.
 */
export const gateCells = (): readonly Cell[] => {
  const cell = (driver: string, reader: Cell['reader'], given: Partial<Cell> = {}): Cell =>
    ({ ...GATE_CELL, driver, reader, ...given });
  return [
    ...WHOLE_DRIVERS.map((driver) => cell(driver, 'buffering', { rows: 'narrow', limit: '10000' })),
    cell('MySQLdb', 'buffering', { way: 'socket' }), cell('mysql2', 'buffering', { load: 'throttled' }),
    cell('go-sql-driver', 'buffering', { way: 'namespace' }), cell('mariadb for Node', 'buffering', { rows: '4 KB' }),
    ...WHOLE_DRIVERS.map((driver) => cell(driver, '5')),
    cell('PyMySQL 1.2', '5', { way: 'namespace' }), cell('go-sql-driver', '1', { looks: 2 }),
  ];
};

/** A cell's values in the order of the table. */
export const nameOf = ({ driver, reader, limit, rows, way, load, server, looks }: Cell): string =>
  [driver, reader === 'buffering' ? reader : `streaming, ${reader} ms`, limit, rows, way, load, server,
    ...(looks > 1 ? [`${looks} looks`] : [])].join(' | ');

/** The approximate size of a row's packet. */
export const rowBytesOf = ({ rows }: Cell): number => ROWS[rows].bytes;

/** Bytes of all rows up to the limit. */
export const limitBytes = (cell: Cell): number => Number(cell.limit) * rowBytesOf(cell);

/** Work for each row in ms. */
export const workMsOf = ({ reader }: Cell): number => (reader === 'buffering' ? 0 : Number(reader));

/** The row at which a streaming program stops, 1,000 after the look that lets it through; null for a buffering one. */
export const stopAfterOf = ({ reader, limit, looks }: Cell): number | null =>
  (reader === 'buffering' ? null : Number(limit) * looks + 1000);

/** A buffering reader's result has twice as many rows as the limit. A streaming reader leaves a few rows unread. */
export const selectOf = (cell: Cell): string => {
  const stopAfter = stopAfterOf(cell);
  const rows = stopAfter === null ? 2 * Number(cell.limit) : stopAfter + 500;
  return `SELECT ${ROWS[cell.rows].select} FROM numbers WHERE id <= ${rows}`;
};
