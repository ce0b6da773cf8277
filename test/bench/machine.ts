import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { resolve } from 'node:path';

/** The machine of a run, without its name. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** The load average of the last minute at the start. Above the number of cores, other programs were at work. */
  readonly load: number;
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  kernel: `Linux ${release().split('.', 2).join('.')}`,
  load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
});

/** The revision of the measured source, with a "+" when it had uncommitted changes. */
export const sourceRevision = (): string => {
  try {
    const revision = execFileSync('git', ['describe', '--always', '--dirty=+'], { encoding: 'utf8' });
    return revision.trim();
  } catch {
    return 'unknown';
  }
};

/** The limit of open descriptors of the benchmark's processes. */
export const descriptorLimit = (): number =>
  Number(execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));

/** The folders for recorded and for unrecorded results, relative to the package's folder, in which a run starts. */
export const KEPT_RESULTS = resolve('test/bench/results');
export const PASSING_RESULTS = resolve('node_modules/.cache/sluice-bench/results');
