import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Mode, Played } from './mode.js';

/** The modes of the fuzzer, from the pure parts to the built program. */
export const MODE_NAMES = ['texts', 'answers', 'readers', 'flows', 'refusals', 'sockets', 'encrypted', 'program'] as const;
export type ModeName = (typeof MODE_NAMES)[number];

/** Starts a mode with its servers. */
export const openMode = async (name: ModeName): Promise<Mode> => {
  switch (name) {
    case 'texts':
      return new (await import('./texts.js')).TextsMode();
    case 'answers':
      return (await import('./answers.js')).AnswersMode.start();
    case 'readers':
      return new (await import('./readers.js')).ReadersMode();
    case 'flows':
      return new (await import('./flows.js')).FlowsMode();
    case 'refusals':
      return (await import('./refusals.js')).RefusalsMode.open();
    case 'sockets':
      return (await import('./sockets.js')).SocketsMode.open();
    case 'encrypted':
      return (await import('./encrypted.js')).EncryptedMode.open();
    case 'program':
      return (await import('./program.js')).ProgramMode.open();
  }
};

/** Plays one mode seed by seed. Each finding says how to repeat it. */
export class Campaign {
  conversations = 0;
  bytes = 0;
  /** The findings, each with how to repeat it. */
  readonly findings: string[] = [];
  private readonly underWay = new Set<number>();
  private readonly onCrash = (error: Error): void => {
    for (const seed of this.underWay) {
      this.found(seed, `perhaps, since it was under way: ${error.stack ?? error.message}`);
    }
  };

  /**
   * @param firstSeed the seeds count on from here
   * @param tell gets each finding
   */
  constructor(
    readonly name: ModeName,
    private readonly mode: Mode,
    readonly firstSeed: number,
    private readonly tell: (finding: string) => void,
  ) {
    process.on('uncaughtExceptionMonitor', this.onCrash);
  }

  static async open(name: ModeName, firstSeed: number, tell: (finding: string) => void): Promise<Campaign> {
    return new Campaign(name, await openMode(name), firstSeed, tell);
  }

  /** The next seed. */
  get nextSeed(): number {
    return this.firstSeed + this.conversations + this.underWay.size;
  }

  /** Plays seeds until `goesOn` is false or something is found, then checks what they have left behind. */
  async play(goesOn: () => boolean): Promise<void> {
    const work = async (): Promise<void> => {
      while (goesOn() && this.findings.length === 0) {
        await this.playOne(this.nextSeed);
        await nextTurn(); // sessions of other modes run beside it
      }
    };
    await Promise.all(Array.from({ length: this.mode.concurrency }, work));
    const problem = await this.mode.inspect();
    if (problem !== null) this.report(`${problem}, in one of the seeds ${this.firstSeed} to ${this.nextSeed - 1}`);
  }

  /** Plays this many seeds. */
  playSome(count: number): Promise<void> {
    const end = this.nextSeed + count;
    return this.play(() => this.nextSeed < end);
  }

  async close(): Promise<void> {
    process.off('uncaughtExceptionMonitor', this.onCrash);
    await this.mode.close();
  }

  private async playOne(seed: number): Promise<void> {
    this.underWay.add(seed);
    const thrown = (error: Error): Played => ({ bytes: 0, problem: error.stack ?? error.message });
    const { bytes, problem } = await this.mode.play(seed).catch(thrown);
    this.underWay.delete(seed);
    this.conversations += 1;
    this.bytes += bytes;
    if (problem !== null) this.found(seed, problem);
  }

  private found(seed: number, problem: string): void {
    const file = join(tmpdir(), `sluice-fuzz-${this.name}-${seed}.txt`);
    writeFileSync(file, [problem, ...this.mode.inputOf(seed), ''].join('\n'));
    this.report(
      `${problem}\n  its input is in ${file}; once more: npm run fuzz -- --mode ${this.name} --seed ${seed} --only`,
    );
  }

  private report(problem: string): void {
    const finding = `${this.name}: ${problem}`;
    this.findings.push(finding);
    this.tell(finding);
  }
}
