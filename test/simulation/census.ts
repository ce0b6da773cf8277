import { OPENABLE_COMPRESSIONS } from '../../src/protocol/compression.js';
import { Capability } from '../../src/protocol/capabilities.js';

// The census of situations: what the worlds went through, and what no world has reached.

/** The ways in which a response is asked for and sent. */
const HOW = [
  'plain', 'compressed', 'eof', 'deprecate-eof', 'MySQL', 'MariaDB', 'pipelined', 'prepared', 'cursor',
  'several results', 'file', 'TLS to the client', 'TLS to the server', 'zstd',
];
/** The outcomes of a response. */
const WHAT = [
  'whole', 'cut: rows', 'cut: bytes', 'cut: budget', 'cut: kill', 'truncated', 'closed', 'held',
  'error in place of held rows', 'would-cut', 'admit', 'warn', 'sample', 'exempt',
];
/** The ends of a cut response. */
const END = [
  'drained', 'killed', 'given up: bytes', 'given up: time', 'given up: waiting', 'statement ended',
  'ran on without its client',
];
/** The events during a response. */
const MEANWHILE = [
  'reload', 'client left', 'client reset', 'server lost', 'reset server', 'stall client', 'stall server', 'cut client',
  'cut server', 'halfClose client', 'ordered kill', 'ordered end', 'stop', 'paused', 'server gave up', 'server error',
  'kill arrived',
];
const WORLD = [
  'reload', 'crash', 'shutdown', 'set-up', 'own reset', 'unasked error', 'turned away', 'drained bytes',
  'warned of a server that gives up',
  ...['killed', 'withdrawn', 'no-match', 'failed', 'unknown'].map((outcome) => `kill: ${outcome}`),
  ...['bytes', 'time', 'waiting', 'max'].map((reason) => `drain given up: ${reason}`),
  ...['client quit', 'client closed', 'client error', 'upstream unavailable', 'upstream closed', 'upstream error',
    'upstream gave-up', 'sluice limit', 'sluice timeout', 'sluice drained', 'sluice stopped', 'sluice requested',
  ].map((end) => `session ended: ${end}`),
  ...['killed', 'refused', 'no-match', 'withdrawn', 'failed', 'unknown'].map((outcome) => `kill: ${outcome}`),
  'end: ended',
  ...['has no room', 'is full', 'hangs'].map((state) => `disk: ${state}`),
  'records go to a new file', 'records were lost', 'clock: back', 'clock: forward', 'a rule has ended',
  ...['unknown', 'another', 'slow'].map((state) => `name: ${state}`), 'no such host',
  'memory is short', 'turned away for memory', 'shown: clients are turned away', 'shown: clients are admitted', 'a worker dies', 'a worker dies with sessions', 'a worker hangs',
  ...['connecting', 'greeting', 'authentication', 'idle', 'in-transaction', 'running', 'stalled', 'held-back',
    'discarding', 'reading-slowly'].map((state) => `shown: ${state}`),
];

/** An impossible situation, and the reason. */
interface Impossible {
  readonly facts: readonly string[];
  readonly why: string;
}

const never = (why: string, ...facts: string[]): Impossible => ({ facts, why });

/** Only where Node cannot open zstd. */
const WITHOUT_ZSTD = (OPENABLE_COMPRESSIONS & Capability.ZSTD_COMPRESSION_ALGORITHM) !== 0n ? []
  : [never('this Node has no zstd (22.15 and later have it), so Sluice lets nobody agree on it', 'zstd')];

const IMPOSSIBLE: readonly Impossible[] = [
  ...WITHOUT_ZSTD,
  never('a cursor has one result set', 'cursor', 'several results'),
  never('a file is not asked for by a prepared statement', 'cursor', 'file'),
  ...['held', 'error in place of held rows'].map((what) =>
    never('rows of a cursor are not held back: its client asks for the next ones when it has these', 'cursor', what)),
  never('a cursor is opened for reads alone, and nobody promises that these run to their end', 'cursor',
    'statement ended'),
  never('only MariaDB returns the rows of a change', 'MySQL', 'exempt'),
  never('a change that returns rows has no cursor', 'cursor', 'exempt'),
  ...['client reset', 'server lost'].flatMap((loss) => [
    never('a response of which something was lost is not whole', 'whole', loss),
    never("a client that has got the server's error has lost nothing", 'error in place of held rows', loss),
  ]),
  ...['whole', 'drained', 'error in place of held rows'].map((end) =>
    never('a server gives up bytes that its kernel does not take: the end of the response is among them', end,
      'server gave up')),
  never('the models leave neither values nor a cursor of a statement that is refused: ' +
    'test/relay/session/refusing.test.ts does', 'world: own reset'),
  never('a statement does not run on at a server that gives its client up', 'ran on without its client',
    'server gave up'),
  never('a session begins when its server greets, and takes the greeting at once', 'world: shown: greeting'),
];

const crossed = (...axes: readonly (readonly string[])[]): string[][] =>
  axes.reduce<string[][]>((done, axis) => done.flatMap((facts) => axis.map((fact) => [...facts, fact])), [[]]);

/** The situations of responses that worlds should reach: pairs of the axes, and the three of the most troublesome. */
const SITUATIONS: readonly (readonly string[])[] = [
  ...crossed(HOW, WHAT), ...crossed(WHAT, MEANWHILE), ...crossed(HOW, END), ...crossed(END, MEANWHILE),
  // A worker that dies leaves no record of what was under way.
  ...crossed(['worker died'], [...HOW.filter((how) => !how.startsWith('TLS') && how !== 'zstd'), 'held', 'paused']),
  ...crossed(['compressed'], ['pipelined', 'cursor', 'several results'], ['cut: rows', 'held', 'truncated']),
];

const NAMED = SITUATIONS.map((situation) => ({ name: situation.join(' × '), situation }));

/** Counts the situations of many worlds. */
export class Census {
  readonly counts = new Map<string, number>();
  worlds = 0;

  /** Adds a world. */
  add(responses: readonly ReadonlySet<string>[], ofWorld: ReadonlySet<string>): void {
    this.worlds += 1;
    for (const fact of ofWorld) this.count(`world: ${fact}`);
    for (const facts of responses) {
      for (const { name, situation } of NAMED) {
        if (situation.every((fact) => facts.has(fact))) this.count(name);
      }
    }
  }

  /** Adds the counts of an earlier run. */
  merge(worlds: number, counts: Readonly<Record<string, number>>): void {
    this.worlds += worlds;
    for (const [name, count] of Object.entries(counts)) this.counts.set(name, (this.counts.get(name) ?? 0) + count);
  }

  /** The situations that no world has reached and that are not explained. */
  get unreached(): string[] {
    return NAMES.filter((name) => !this.counts.has(name) && !EXPLAINED.has(name));
  }

  /** Situations that worlds have reached although they are explained as impossible. */
  get disproved(): string[] {
    return [...EXPLAINED.keys()].filter((name) => this.counts.has(name));
  }

  /**
   * The situations that were reached, with their counts, the rarest first; the impossible ones with their reasons; and
   * the rest.
   */
  report(): string {
    const reached = NAMES.filter((name) => this.counts.has(name)).sort((one, other) => this.of(one) - this.of(other));
    const explained = [...EXPLAINED].filter(([name]) => !this.counts.has(name));
    const rare = reached.slice(0, RARE_SHOWN).map((name) => `  ${this.of(name)}  ${name}`);
    const list = (names: readonly string[]): string[] =>
      (names.length === 0 ? ['  none'] : names.map((name) => `  ${name}`));
    return [
      `${this.worlds} worlds; ${NAMES.length} situations: reached ${reached.length}, explained ${explained.length}, ` +
        `rest ${this.unreached.length}`,
      'the rarest:', ...rare,
      'cannot be:', ...list(explained.map(([name, why]) => `${name}: ${why}`)),
      'explained, and reached all the same:', ...list(this.disproved),
      'the rest, which no world has reached:', ...list(this.unreached),
    ].join('\n');
  }

  private of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  private count(name: string): void {
    this.counts.set(name, this.of(name) + 1);
  }
}

const RARE_SHOWN = 20;

const NAMES: readonly string[] = [...new Set([
  ...WORLD.map((fact) => `world: ${fact}`), ...NAMED.map(({ name }) => name),
])];

/** The reasons why situations are impossible, by their names. */
const EXPLAINED: ReadonlyMap<string, string> = new Map(NAMES.flatMap((name) => {
  const situation = name.split(' × ');
  const impossible = IMPOSSIBLE.find(({ facts }) => facts.every((fact) => situation.includes(fact)));
  return impossible === undefined ? [] : [[name, impossible.why] as const];
}));
