import type { Expiry } from '../config/expiry.js';
import { commandName } from '../protocol/commands.js';
import type { LoopDelay } from './eventLoop.js';
import { FamilyList, type Family } from './familyList.js';
import type { LabelledCount } from './instruments.js';
import type { Metrics } from './metrics.js';
import { DB_SYSTEMS } from '../sql/sqlServer.js';
import { readProcess } from './readProcess.js';
import type { Administered, ProxyStatus } from './status.js';

/** Reads all metrics of this process. `sluice help metrics` lists them, with the texts that stand here. */
export function readMetrics({ metrics, administered, loopDelay, version }: MetricSources): readonly Family[] {
  const out = new FamilyList();
  const status = administered.status();
  out.gauge(
    'sluice_build_info', 'Always 1; the labels version and node tell which Sluice runs on which Node.js.',
    1, { version, node: process.version },
  );
  out.gauge(
    'sluice_ready', '1, or 0 while the program stops.',
    administered.isReady ? 1 : 0,
  );
  sessions(out, metrics, status);
  results(out, metrics);
  judged(out, metrics, status);
  drained(out, metrics, status);
  flow(out, metrics, status);
  upstream(out, metrics);
  expiries(out, administered.expiries);
  out.counters(
    'sluice_config_reloads_total', 'Configurations read again, by outcome (applied, refused).',
    metrics.reloads.all(),
  );
  out.counter(
    'sluice_audit_dropped_records_total',
    'Audit records lost because they were not taken as fast as they came, or could not be written.',
    administered.droppedAuditRecords,
  );
  out.counter(
    'sluice_log_dropped_lines_total',
    'Log lines lost because they were not taken as fast as they came, or could not be written.',
    administered.droppedLogLines,
  );
  out.counters(
    'sluice_otlp_dropped_total',
    'Log records, spans and data points that did not reach OpenTelemetry, by signal (logs, metrics, traces) and ' +
      'reason (overflow, refused, rejected, stopped).',
    metrics.otlpDropped.all(),
  );
  readProcess(out, loopDelay, administered.containerMemory);
  return out.families;
}

/** The sources of the metrics. */
export interface MetricSources {
  readonly metrics: Metrics;
  readonly administered: Pick<
    Administered, 'isReady' | 'status' | 'expiries' | 'containerMemory' | 'droppedAuditRecords' | 'droppedLogLines'
  >;
  readonly loopDelay: LoopDelay;
  readonly version: string;
}

function sessions(out: FamilyList, metrics: Metrics, status: ProxyStatus): void {
  out.gauge('sluice_sessions_open', 'Sessions at this moment.', status.openSessions);
  out.counter('sluice_sessions_total', 'Sessions that have begun.', metrics.sessions);
  out.counters(
    'sluice_sessions_ended_total',
    'Sessions that have ended, by who ended them (by: client, upstream, sluice) and reason; upstream with gave-up ' +
      'where the server closed because the client did not take a response.',
    metrics.sessionEnds.all(),
  );
  out.counter(
    'sluice_clients_turned_away_total',
    'Clients that were turned away: beyond connections.max, for want of memory, or because no worker could take them.',
    metrics.turnedAway,
  );
  out.counter(
    'sluice_memory_refusals_total',
    'Those of them that were turned away because the memory limit of the container was near.', metrics.memoryRefusals,
  );
  out.counters(
    'sluice_commands_total', 'Commands of clients, by command (COM_QUERY and so on).', commandCounts(metrics),
  );
  out.counters(
    'sluice_hints_total', 'Hints in statements, by outcome (followed, forbidden, malformed).', hintCounts(status),
  );
  out.counters(
    'sluice_opaque_sessions_total',
    'Sessions that are relayed without being followed from some point on, by reason; tls where TLS is passed ' +
      'through.',
    metrics.opaqueSessions.all(),
  );
  out.counters(
    'sluice_encryptions_total',
    'Sessions, by connection (leg: client, upstream) and its encryption (tls: none, passthrough or the version); ' +
      'tells what came of the modes optional and preferred.',
    metrics.encryptions.all(),
  );
  out.counters(
    'sluice_protocol_errors_total', 'What could not be followed, by direction (client, server): the end that sent it.',
    metrics.protocolErrors.all(),
  );
}

/** Every command of the protocol has a counter. All unknown commands together have one. */
function* commandCounts({ commands }: Metrics): Generator<LabelledCount> {
  let unnamed = 0;
  for (const [code, count] of commands.entries()) {
    const command = commandName(code);
    if (command.startsWith('COM_0x')) unnamed += count;
    else yield { labels: { command }, count };
  }
  yield { labels: { command: 'other' }, count: unnamed };
}

function* hintCounts({ hints }: ProxyStatus): Generator<LabelledCount> {
  for (const [outcome, count] of Object.entries(hints)) yield { labels: { outcome }, count };
}

function results(out: FamilyList, { resultRows, resultBytes }: Metrics): void {
  const byClass = ({ buffered, streaming }: Metrics['resultBytes']) => [
    { labels: { class: 'buffered' }, histogram: buffered }, { labels: { class: 'streaming' }, histogram: streaming },
  ];
  const bySystem = DB_SYSTEMS.flatMap((system) =>
    byClass(resultRows[system]).map((one) => ({ ...one, attributes: { 'db.system.name': system } })));
  out.histograms(
    'sluice_result_rows', 'Rows of each response with a result set, by class (buffered, streaming).',
    bySystem,
  );
  out.histograms(
    'sluice_result_bytes', 'Bytes of these rows as they are on the uncompressed wire, by class.',
    byClass(resultBytes),
  );
}

/** Counters that agree with the audit records: one count for each record. */
function judged(out: FamilyList, metrics: Metrics, { droppedSamples }: ProxyStatus): void {
  const { judged, refusals, admitted, samples, exemptions } = metrics;
  out.counters(
    'sluice_cuts_total', 'Results cut with an error, by rule and reason: one for each record with action cut.',
    judged.cut.all(),
  );
  out.counters(
    'sluice_truncations_total', 'Results ended early without an error, by rule and reason: action truncate.',
    judged.truncate.all(),
  );
  out.counters(
    'sluice_closes_total',
    'Results at whose limit both connections were closed, by rule and reason: action close.',
    judged.close.all(),
  );
  out.counters(
    'sluice_would_cuts_total',
    'Results that broke a limit and were only recorded, by rule and reason: action would-cut.',
    judged['would-cut'].all(),
  );
  out.counters(
    'sluice_warnings_total',
    'Results that passed a warning threshold, by rule and reason: action warn; stalls have the reason stall.',
    judged.warn.all(),
  );
  out.counters(
    'sluice_refusals_total', 'Statements that a rule refused before the server got them, by rule: action refuse.',
    refusals.refuse.all(),
  );
  out.counters(
    'sluice_would_refuses_total',
    'Statements that a rule would have refused and that were only recorded, by rule: action would-refuse.',
    refusals['would-refuse'].all(),
  );
  out.counters(
    'sluice_admitted_total',
    'Results that passed their limit because they were taken for streams, by rule and signal: one for each record ' +
      'with action admit, or that audit.admitted leaves out.',
    admitted.all(),
  );
  out.counters(
    'sluice_exempt_total', 'Results with rows that passed a limit because they are exempt, by reason (returning).',
    exemptions.all(),
  );
  out.counters(
    'sluice_samples_total', 'Results recorded as samples, by rule and reason: action sample.', samples.all(),
  );
  out.counter(
    'sluice_samples_dropped_total', 'Samples that were left out, beyond audit.sample.perSecond.', droppedSamples,
  );
}

/** The rest of cut results, and the attempts to stop the server. */
function drained(out: FamilyList, metrics: Metrics, { clientlessDrains }: ProxyStatus): void {
  const { drainedBytes, drainsGivenUp, kills } = metrics;
  out.counter('sluice_drained_bytes_total', 'Bytes of cut results that were discarded.', drainedBytes);
  out.counters(
    'sluice_drains_given_up_total',
    'Cut results that were not discarded to their end, or whose clients were let go, by reason (bytes, time, ' +
      'waiting, max).',
    drainsGivenUp.all(),
  );
  out.gauge(
    'sluice_clientless_drains', 'Statements that run to their end without their clients; they are no open sessions.',
    clientlessDrains,
  );
  out.counters(
    'sluice_kills_total',
    'Attempts to stop a query on the server, by outcome (killed, withdrawn, no-match, failed, unknown).', kills.all(),
  );
}

function flow(out: FamilyList, { ended }: Metrics, { live, ...status }: ProxyStatus): void {
  const relayed = [
    { labels: { direction: 'to_client' }, count: ended.bytesToClient + live.bytesToClient },
    { labels: { direction: 'to_upstream' }, count: ended.bytesToUpstream + live.bytesToUpstream },
  ];
  out.counters('sluice_relayed_bytes_total', 'Bytes sent on, by direction (to_client, to_upstream).', relayed);
  out.gauge(
    'sluice_stalled_sessions', 'Sessions whose clients are not reading at this moment.',
    status.stalledSessions,
  );
  out.counter(
    'sluice_stall_seconds_total', 'For how long clients have not been reading, all together.',
    (ended.stallMs + live.stallMs) / 1000,
  );
  out.gauge(
    'sluice_budget_used_bytes', 'Bytes of the buffered results under way at this moment.',
    status.budgetUsedBytes,
  );
  out.gauge('sluice_budget_limit_bytes', 'The most that they may have together: budget.bytes.', status.budgetMaxBytes);
}

function upstream(out: FamilyList, metrics: Metrics): void {
  const { upstreamConnectFailures, upstreamConnectSeconds, upstreamFailures, upstreamUp } = metrics;
  out.gauges(
    'sluice_upstream_up',
    'By upstream: 0 from a failure of the server until it greets again, else 1; of several workers the lowest.',
    upstreamUp.all(),
  );
  out.counters(
    'sluice_upstream_failures_total',
    'Attempts to use a server for a client that failed, by upstream and reason: unreachable (not accepted), silent ' +
      '(no greeting in time), closed (before a greeting).',
    upstreamFailures.all(),
  );
  out.counter(
    'sluice_upstream_connect_failures_total', 'Connections to the server that could not be made.',
    upstreamConnectFailures,
  );
  out.histograms(
    'sluice_upstream_connect_seconds', 'How long it took to connect to the server.',
    [{ labels: {}, histogram: upstreamConnectSeconds }],
  );
}

function expiries(out: FamilyList, all: readonly Expiry[]): void {
  out.gauges(
    'sluice_rule_ends_timestamp_seconds',
    'When a rule with until ends, by rule, in seconds since 1970; also once it has ended.',
    endsIn(all.filter(({ kind }) => kind === 'rule')),
  );
  out.gauges(
    'sluice_certificate_expires_timestamp_seconds',
    'When a file of certificates expires, by leg (client, upstream) and file, in seconds since 1970.',
    endsIn(all.filter(({ kind }) => kind === 'certificate')),
  );
}

/** One end for each set of labels, because several listeners may use the same file. */
function endsIn(all: readonly Expiry[]): Iterable<LabelledCount> {
  const ends = new Map<string, LabelledCount>();
  for (const { labels, atMs } of all) {
    ends.set(JSON.stringify(labels), { labels, count: atMs / 1000 });
  }
  return ends.values();
}
