import type { Metrics } from '../../../src/telemetry/metrics.js';
import type { CounterVector } from '../../../src/telemetry/instruments.js';
import type { Violations } from '../violations.js';
import type { AuditRecord, Judged } from './judged.js';

// Nothing happens silently: each act has one record and one count, and they say what happened.

/** Checks the records about one usage. */
export const checkRecords = (judged: Judged): void => {
  const { usage, records, sharers, wrong } = judged;
  if (records.length > sharers) wrong('one record each', `${records.length} records`);
  // A truncated result ends with an error after all if its client is let go before the server's end has come.
  const isTold = records.some(({ action }) => action === 'cut' || action === 'truncate');
  // The records that a process has not written are lost when it dies.
  const mayBeLost = usage.connection.hasLostProcess;
  if (usage.isCut && !isTold && !mayBeLost) {
    wrong('one record each', `the client got an error, and no record tells of it`);
  }
  const isTruncated = usage.exchanges.some(({ end }) => end === 'truncated');
  if (isTruncated && !mayBeLost && !records.some(({ action }) => action === 'truncate')) {
    wrong('one record each', 'the client got only a part, without an error, and no record says so');
  }
  if (sharers === 1) for (const record of records) checkRecord(judged, record);
};

const checkRecord = ({ usage, wrong, candidates, kernelBytes }: Judged, record: AuditRecord): void => {
  const { received, sent, exchanges, connection: { clientEnd, serverEnd, wasDisturbed } } = usage;
  const { action, outcome, complete } = record;
  const rows = Number(record['rows']);
  const bytes = Number(record['bytes']);
  const forwardedRows = Number(record['forwardedRows']);
  const forwardedBytes = Number(record['forwardedBytes']);
  const told = (text: string): void => wrong('records say what happened', `${text} in ${JSON.stringify(record)}`);
  const sentText = `${sent.rows} rows, ${sent.bytes} bytes`;
  if (rows > sent.rows || bytes > sent.bytes) told(`more than the server has sent (${sentText})`);
  const isWhole = complete === true && outcome !== 'killed';
  const isAll = rows === sent.rows && bytes === sent.bytes;
  if (isWhole && !isAll) told(`not all that the server has sent (${sentText})`);
  if (isWhole && !usage.isAnswered && !usage.isCursor) told('complete, and the server is not at its end');
  const receivedText = `${received.rows} rows, ${received.bytes} bytes`;
  // Of a client that has gone, only what kernels had taken when all was written counts as forwarded.
  const stayed = clientEnd === null && !wasDisturbed.client;
  if (stayed && !usage.isLost) {
    const isAllForwarded = forwardedRows === received.rows && forwardedBytes === received.bytes;
    const isLess = forwardedRows <= received.rows && forwardedBytes <= received.bytes;
    if (!isAllForwarded && !(isLess && mayBeLower(usage, outcome))) {
      told(`forwarded other than what the client has (${receivedText})`);
    }
  }
  // Forwarded bytes that a client has not got lie in the buffers of two kernels.
  if (!usage.connection.traits.has('compressed') && forwardedBytes > received.bytes + kernelBytes) {
    told(`forwarded more than the client has (${receivedText}) and kernels hold`);
  }
  if (outcome === 'completed' && forwardedRows !== rows) told('completed, and not all was forwarded');
  const wasKilled = exchanges.some(({ killedAtMs }) => killedAtMs !== null);
  if (outcome === 'killed' && !wasKilled) told('nothing was killed');
  const wasLetGo = usage.connection.exchanges.some(({ error }) => LET_GO.test(error?.message ?? ''));
  const hasGone = clientEnd !== null || wasDisturbed.client || wasLetGo;
  if (outcome === 'client-gone' && !hasGone) told('the client has not gone');
  if (outcome === 'upstream-gone' && serverEnd === null && !wasDisturbed.server) told('the server has not gone');
  const isCut = action === 'cut' || action === 'truncate' || action === 'close';
  const mayCut = record['reason'] === 'kill' ||
    candidates.some(({ mode, isExempt }) => mode === 'enforce' && !isExempt);
  if (isCut && !mayCut) told('cut, and it must not be');
  if (isCut && !usage.isLost && exchanges.every(({ end }) => end === 'whole')) told('the client has got all of it');
};

/**
 * Whether the record may count less than the client has: its connection was closed while kernels were full, and it
 * read on afterwards what they had taken since the record's count.
 */
const mayBeLower = ({ connection: { exchanges } }: Judged['usage'], outcome: unknown): boolean =>
  outcome !== 'completed' && exchanges.some(({ hasPaused }) => hasPaused);

/** Sluice has closed the client's connection, and the server's continues. */
const LET_GO = /^sluice: a command waited longer than drain.waiting/;

const total = (vector: CounterVector): number => [...vector.all()].reduce((sum, { count }) => sum + count, 0);

/**
 * Checks that metrics agree with the records.
 * @param hasLostProcess a process has died: with what it had counted and had not written
 */
export const checkCounts = (
  records: readonly AuditRecord[], metrics: Metrics, hasAdmissions: boolean, hasLostProcess: boolean,
  violations: Violations,
): void => {
  const expect = (what: string, counted: number, action: string): void => {
    const recorded = records.filter((record) => record['action'] === action).length;
    const agrees = hasLostProcess ? recorded <= counted : recorded === counted;
    if (!agrees) violations.add('metrics agree', `${what}: ${counted} counted, ${recorded} recorded`);
  };
  for (const [action, vector] of Object.entries(metrics.judged)) expect(action, total(vector), action);
  for (const [action, vector] of Object.entries(metrics.refusals)) expect(action, total(vector), action);
  expect('samples', total(metrics.samples), 'sample');
  if (hasAdmissions) expect('admissions', total(metrics.admitted), 'admit');
  const ended = total(metrics.sessionEnds);
  if (hasLostProcess) return;
  if (ended !== metrics.sessions) violations.add('metrics agree', `${metrics.sessions} sessions began, ${ended} ended`);
};
