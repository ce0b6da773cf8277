import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a program or a folder lives for: a test, or anything else that tells its end. */
export interface Lifetime {
  teardown(end: () => unknown): void;
}

/** Gives the process id of a program that has been spawned; throws where it could not be. */
export const spawned = async (child: ChildProcess): Promise<number> => {
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error('a spawned program has no process id');
  return child.pid;
};

/**
 * Sees to it that process `pid` ends and `folder` goes away even when this test is killed outright: a small
 * shell waits for its standard input to end, which the kernel closes when this process is gone.
 * Returns what calls the guard off; call it once `pid` has ended.
 */
export const guard = (pid: number, folder?: string): (() => void) => {
  const script = 'read -r line && exit; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'guard', String(pid), folder ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Not in our process group: an interrupt from the terminal must not end the guard first.
    detached: true,
  });
  shell.unref();
  shell.stdin.on('error', () => undefined);
  return () => shell.stdin.end('off\n');
};
