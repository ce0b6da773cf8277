// Merges the metrics of several processes, as text in Prometheus' format. A new metric is merged without any change
// here.

/**
 * Merges several texts into one.
 * @param texts in Prometheus' text format; the first is the primary's
 */
export function mergeMetrics(texts: readonly string[]): string {
  const merged: Families = new Map();
  for (const text of texts) {
    for (const [name, { head, type, samples }] of familiesIn(text)) {
      const family = merged.get(name) ?? { head, type, samples: new Map() };
      merged.set(name, family);
      for (const [key, value] of samples) family.samples.set(key, merge(name, family.samples.get(key), value));
    }
  }
  return written(merged);
}

/** The metrics whose value is taken from the first process. Metrics that are named nowhere here are added up. */
const KEPT_OF_FIRST = new Set([
  'sluice_build_info', 'sluice_ready', 'sluice_budget_limit_bytes', 'process_start_time_seconds',
]);
/** Metrics whose largest value counts: the process nearest to its bound. A sum would hide it. */
const LARGEST = /^(sluice_event_loop_delay_|process_open_fds$|process_max_fds$)/;
/** Metrics whose smallest value counts. */
const SMALLEST: ReadonlySet<string> = new Set(['sluice_upstream_up']);

/** The metrics of one name, with the type from `# TYPE`. */
interface Family {
  readonly head: string[];
  type: string;
  /** By name and labels. */
  readonly samples: Map<string, number>;
}

type Families = Map<string, Family>;

function valueOf(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}

function textOf(value: number): string {
  return value === Infinity ? '+Inf' : String(value);
}

/** Reads what `Exposition` has written. */
function familiesIn(text: string): Families {
  const families: Families = new Map();
  let current: Family | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# ')) {
      const [, kind, name = '', type = ''] = line.split(' ', 4);
      current = families.get(name) ?? { head: [], type: 'untyped', samples: new Map() };
      current.head.push(line);
      if (kind === 'TYPE') current.type = type;
      families.set(name, current);
      continue;
    }
    // The value of a label may have spaces; the value of a sample has none.
    const at = line.lastIndexOf(' ');
    current?.samples.set(line.slice(0, at), valueOf(line.slice(at + 1)));
  }
  return families;
}

function merge(name: string, one: number | undefined, other: number): number {
  if (one === undefined) return other;
  if (KEPT_OF_FIRST.has(name)) return one;
  if (SMALLEST.has(name)) return Math.min(one, other);
  return LARGEST.test(name) ? Math.max(one, other) : one + other;
}

function written(families: Families): string {
  const lines = [...families.values()].flatMap(({ head, samples }) =>
    [...head, ...[...samples].map(([key, value]) => `${key} ${textOf(value)}`)]);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The counters in a text: the part that stays true after the process has ended. */
export function onlyCounters(text: string): string {
  return written(new Map([...familiesIn(text)].filter(([, { type }]) => type === 'counter' || type === 'histogram')));
}
