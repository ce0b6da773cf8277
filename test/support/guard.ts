import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** The lifetime of a program or a folder: a test, or anything else with an end. */
export interface Lifetime {
  teardown(end: () => unknown): void;
}

/** The process id of a spawned program; throws when it could not be started. */
export const spawned = async (child: ChildProcess): Promise<number> => {
  await once(child, 'spawn');
  if (child.pid === undefined) throw new Error('a spawned program has no process id');
  return child.pid;
};

/**
 * Ends process `pid` and deletes `folder` even when this test is killed: a small shell waits for the end of its
 * standard input, which the kernel closes with this process. Returns a function that ends the guard; call it once
 * `pid` has ended.
 */
export const guard = (pid: number, folder?: string): (() => void) => {
  const script = 'read -r line && exit; kill -9 "$1"; [ -z "$2" ] || rm -rf "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'guard', String(pid), folder ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // In its own process group: an interrupt from the terminal must not end the guard first.
    detached: true,
  });
  shell.unref();
  shell.stdin.on('error', () => undefined);
  return () => shell.stdin.end('off\n');
};
