import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { resolve } from 'node:path';

/** What the numbers were measured on; no names. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** The load of the last minute when the run began: above the number of cores, others were at work too. */
  readonly load: number;
}

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  kernel: `Linux ${release().split('.', 2).join('.')}`,
  load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
});

/** The revision of the source that was measured; "+" where it had changes that were not committed. */
export const sourceRevision = (): string => {
  try {
    const revision = execFileSync('git', ['describe', '--always', '--dirty=+'], { encoding: 'utf8' });
    return revision.trim();
  } catch {
    return 'unknown';
  }
};

/** The descriptors that a process of ours may have open. */
export const descriptorLimit = (): number =>
  Number(execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));

/**
 * Where results are recorded, and where those are left that are not: from the package's folder, where the run begins.
 */
export const KEPT_RESULTS = resolve('test/bench/results');
export const PASSING_RESULTS = resolve('node_modules/.cache/sluice-bench/results');
