import type { Signal } from '../policy/signals.js';
import type { LineReader } from './lines.js';
import { readRecord, type ResultRecord } from './reading.js';
import { isSelected, type Selection } from './selection.js';

/**
 * Goes through the lines of audit files, gives on the results that are asked for, and counts what else there
 * is.
 */
export class Survey implements LineReader {
  lines = 0;
  results = 0;
  /** Results that were not asked for. */
  unselected = 0;
  /** Lines that are no audit records. */
  badLines = 0;
  firstBad: Place | null = null;
  /** Results that were recorded as samples. */
  samples = 0;
  /** Samples that were left out because there were too many at once. */
  droppedSamples = 0;
  /** Results that passed their limit because they were taken for streams, by the signal that told so. */
  readonly admitted = new Map<string, number>();
  /** Events other than results, such as stalls. */
  readonly events = new Map<string, number>();
  private place = { file: '', line: 0 };

  /** @param take takes each result that is asked for */
  constructor(private readonly selection: Selection, private readonly take: (record: ResultRecord) => void) {}

  /** The lines that follow are this file's. */
  begin(file: string): void {
    this.place = { file, line: 0 };
  }

  line(text: string): void {
    this.place.line += 1;
    if (text === '' || text === '\r') return;
    this.lines += 1;
    const reading = readRecord(text);
    if (reading.kind === 'bad') this.noteBad();
    else if (reading.kind === 'event') this.noteEvent(reading.event);
    else this.noteResult(reading.record);
  }

  overlong(): void {
    this.place.line += 1;
    this.lines += 1;
    this.noteBad();
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

  private noteAdmitted(signal: string): void {
    const known = SIGNALS.has(signal) ? signal : 'other';
    this.admitted.set(known, (this.admitted.get(known) ?? 0) + 1);
  }

  private noteBad(): void {
    this.badLines += 1;
    this.firstBad ??= { ...this.place };
  }

  private noteEvent(event: string): void {
    const known = event === 'stall' || event === 'refused' ? event : 'other';
    this.events.set(known, (this.events.get(known) ?? 0) + 1);
  }
}

/** Signals that are counted each by itself: a file may say anything. */
const SIGNALS: ReadonlySet<string> = new Set<Signal>(['cursor', 'dump', 'jdbc', 'hint', 'pace', 'rule']);

/** Where something stands. */
export interface Place {
  readonly file: string;
  readonly line: number;
}
