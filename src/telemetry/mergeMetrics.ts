// Metrics of several processes as those of one, at the level of Prometheus' text format: whatever a process counts is
// added up here without a word of its own.

/**
 * Makes one text of several.
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

/** How the values of several processes become one; those that are not named here are added up. */
const KEPT_OF_FIRST = new Set([
  'sluice_build_info', 'sluice_ready', 'sluice_budget_limit_bytes', 'process_start_time_seconds',
]);
/** Told for the process that is worst off: a sum would say of none how near it is to its bound. */
const LARGEST = /^(sluice_event_loop_delay_|process_open_fds$|process_max_fds$)/;
/** The same for what is low where a process is badly off. */
const SMALLEST: ReadonlySet<string> = new Set(['sluice_upstream_up']);

/** Metrics of one name, as `# TYPE` announces them. */
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
    // A label's value may have spaces, and the sample's value has none.
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

/** What stays true of a process that is no more: what only grows. */
export function onlyCounters(text: string): string {
  return written(new Map([...familiesIn(text)].filter(([, { type }]) => type === 'counter' || type === 'histogram')));
}
