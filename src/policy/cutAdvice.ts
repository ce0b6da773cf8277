import type { StreamingSignal } from '../config/config.js';
import type { TextEncoding } from '../protocol/textEncoding.js';
import type { GovernedUsage } from './governedUsage.js';

/**
 * The advice in the error of a cut at a limit: what the author of the statement or of the program can do. It names a
 * call that streams only if a trusted signal would recognize the stream.
 */
export function cutAdvice(usage: GovernedUsage, reason: 'rows' | 'bytes', place: CutPlace): string {
  const isRowTooLarge = reason === 'bytes' && place.rows === 0;
  return (isRowTooLarge ? ONE_ROW : remedy(usage, place)) + hintRemark(usage);
}

function remedy({ terms, looks }: GovernedUsage, place: CutPlace): string {
  const { source: { fixedClass }, responseClass, treatment: { hints, onExceed } } = terms;
  if (fixedClass !== null) return READ_LESS;
  const isFast = looks.at(-1)?.class === 'buffered';
  const needs = `as fast as one that buffers: it needs ${hints === 'any' ? 'a hint, ' : ''}a rule or a higher limit`;
  if (responseClass === 'streaming') return isFast ? `add a LIMIT; this client streams ${needs}` : READ_LESS;
  // A result that is held back does not show how its client reads.
  const watchesPace = place.signals.includes('pace') && onExceed.action !== 'hold';
  const found = streamingCall(place, watchesPace);
  if (found === null) return READ_LESS;
  const caveat = isFast && found.signal === null ? `; if it does already, it reads ${needs}` : '';
  return `add a LIMIT, or stream it: ${found.call}${caveat}`;
}

/** Says that the statement's hint was not followed; empty if it has none, or if it was. */
export function hintRemark({ statement: { hint }, firstTerms }: GovernedUsage): string {
  const { signal, source, treatment } = firstTerms;
  const isFollowed = signal === 'hint' || (signal === null && firstTerms !== source.buffered);
  if (hint.kind !== 'hint' || isFollowed) return '';
  return ` (its hint was refused: hints is "${treatment.hints}")`;
}

/** The place of a cut in the result, and its client. */
export interface CutPlace {
  /** The rows before the cut, and their bytes. */
  readonly rows: number;
  readonly bytes: number;
  /** The signals of a stream that are trusted. */
  readonly signals: readonly StreamingSignal[];
  /** The connection attributes of the client. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The encoding in which the client reads errors. */
  readonly encoding: TextEncoding;
}

const ONE_ROW = 'select fewer columns, for one row alone is larger';
const READ_LESS = 'add a LIMIT, aggregate, or select fewer columns';

/**
 * A call that reads row by row, and the signal by which Sluice recognizes it. The signal `pace` recognizes any call if
 * the program works on each row.
 */
interface StreamingCall {
  readonly call: string;
  /** The signal that always recognizes it; null if only the pace can. */
  readonly signal: StreamingSignal | null;
}

/**
 * The call with which Sluice would recognize that a client streams; null if no trusted signal recognizes any of its
 * calls.
 */
function streamingCall({ signals, attributes }: CutPlace, watchesPace: boolean): StreamingCall | null {
  const names = ['program_name', '_connector_name', '_client_name'].map((key) => attributes.get(key) ?? '');
  const calls = names.map((name) => STREAMING_CALLS.get(name)).find((found) => found !== undefined) ?? [ANY_CALL];
  const isTold = ({ signal }: StreamingCall): boolean => signal !== null && signals.includes(signal);
  const [first] = calls;
  return calls.find(isTold) ?? (watchesPace && first !== undefined ? { ...first, signal: null } : null);
}

/** A call that only the pace can recognize. */
function paced(call: string): readonly StreamingCall[] {
  return [{ call, signal: null }];
}

const ANY_CALL: StreamingCall = { call: 'read it row by row', signal: null };

/** The calls that read row by row, by the name of the program, the connector or the client library. */
const STREAMING_CALLS: ReadonlyMap<string, readonly StreamingCall[]> = new Map([
  ['mysql', paced('mysql --quick')],
  ['mysqldump', [{ call: 'mysqldump --quick', signal: 'dump' }]],
  ['MySQL Connector/J', [
    { call: 'statement.setFetchSize(Integer.MIN_VALUE)', signal: 'jdbc' },
    { call: 'useCursorFetch=true in the URL, and statement.setFetchSize(1000)', signal: 'cursor' },
  ]],
  ['MariaDB Connector/J', paced('statement.setFetchSize(1000)')],
  ['mysql-connector-python', paced('cursor(buffered=False), then fetchmany()')],
  ['pymysql', paced('pymysql.cursors.SSCursor')],
  ['aiomysql', paced('aiomysql.SSCursor')],
  // The driver reads on while the program works, so nothing shows that it streams.
  ['asyncmy', []],
  ['libmysql', paced('mysql_use_result(), in Python MySQLdb.cursors.SSCursor')],
  ['libmariadb', paced('mysql_use_result(), in Python MySQLdb.cursors.SSCursor')],
  ['mysqlnd', paced('MYSQLI_USE_RESULT, or PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => false')],
  ['Node-MySQL-2', paced('connection.query(sql).stream()')],
  ['MariaDB connector/Node', paced('connection.queryStream(sql)')],
  ['Go-MySQL-Driver', paced('work on each row inside rows.Next(), and keep none')],
]);
