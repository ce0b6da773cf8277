import type { Signal } from '../policy/signals.js';
import type { LineReader } from './lines.js';
import { readRecord, type RefusalRecord, type ResultRecord } from './reading.js';
import { isSelected, type Selection } from './selection.js';

/** Reads the lines of audit files, passes on the selected results and refusals, and counts everything else. */
export class Survey implements LineReader {
  lines = 0;
  results = 0;
  /** Results and refusals outside the selection. */
  unselected = 0;
  /** Lines that are not audit records. */
  badLines = 0;
  firstBad: LineInFile | null = null;
  /** The first line of a slow query log, which has none of the records that are read here. */
  firstOfSlowLog: LineInFile | null = null;
  /** Results that were recorded as samples. */
  samples = 0;
  /** Samples that were left out because their second had too many. */
  droppedSamples = 0;
  /** Results that passed their limit as streams, by the signal that classified them. */
  readonly admitted = new Map<string, number>();
  /** Events that are not passed on, such as stalls. */
  readonly events = new Map<string, number>();
  private place = { file: '', line: 0 };

  /**
   * @param take is called with each selected result
   * @param takeRefusal is called with each selected statement that was refused, or would have been
   */
  constructor(
    private readonly selection: Selection,
    private readonly take: (record: ResultRecord) => void,
    private readonly takeRefusal: ((record: RefusalRecord) => void) | null = null,
  ) {}

  /** Begins a file. The next lines belong to it. */
  begin(file: string): void {
    this.place = { file, line: 0 };
  }

  line(text: string): void {
    this.place.line += 1;
    if (text === '' || text === '\r') return;
    this.lines += 1;
    const reading = readRecord(text);
    if (reading.kind === 'bad') this.noteBad(text);
    else if (reading.kind === 'event') this.noteEvent(reading.event);
    else if (reading.kind === 'refusal') this.noteRefusal(reading.record);
    else this.noteResult(reading.record);
  }

  overlong(): void {
    this.place.line += 1;
    this.lines += 1;
    this.noteBad('');
  }

  private noteResult(record: ResultRecord): void {
    if (!isSelected(record, this.selection)) {
      this.unselected += 1;
      return;
    }
    this.results += 1;
    if (record.action === 'sample') this.samples += 1;
    if (record.action === 'admit') this.noteAdmitted(record.signal);
    this.droppedSamples += record.droppedSamples;
    this.take(record);
  }

  private noteRefusal(record: RefusalRecord): void {
    if (this.takeRefusal === null) this.noteEvent('refused');
    else if (isSelected(record, this.selection)) this.takeRefusal(record);
    else this.unselected += 1;
  }

  private noteAdmitted(signal: string): void {
    const known = SIGNALS.has(signal) ? signal : 'other';
    this.admitted.set(known, (this.admitted.get(known) ?? 0) + 1);
  }

  private noteBad(text: string): void {
    this.badLines += 1;
    this.firstBad ??= { ...this.place };
    if (this.firstOfSlowLog === null && SLOW_LOG.test(text)) this.firstOfSlowLog = { ...this.place };
  }

  private noteEvent(event: string): void {
    const known = event === 'stall' || event === 'refused' ? event : 'other';
    this.events.set(known, (this.events.get(known) ?? 0) + 1);
  }
}

/** A line in the head of an entry, in the slow query logs of both vendors, Percona's and Sluice's own. */
const SLOW_LOG = /^# (?:Time|User@Host|Query_time): /;

/** Signals with a count of their own. A file may contain any other text. */
const SIGNALS: ReadonlySet<string> = new Set<Signal>(['cursor', 'dump', 'jdbc', 'hint', 'pace', 'rule']);

/** A place in a file. */
export interface LineInFile {
  readonly file: string;
  readonly line: number;
}
