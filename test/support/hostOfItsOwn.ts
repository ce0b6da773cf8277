import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lifetime } from './guard.js';
import type { NetworkNamespace } from './networkNamespace.js';
import { run, type RunResult } from './run.js';

/** A network namespace in which names of hosts lead to its own loopback. It shares this host's files. */
export interface HostOfItsOwn {
  /** Runs a line of shell there, to its end. */
  run(line: string): Promise<RunResult>;
  /** Starts a line of shell there; it ends with the test at the latest. */
  start(line: string): ChildProcessWithoutNullStreams;
}

interface HostParts {
  readonly network: NetworkNamespace;
  /** The folder in which its commands run and keep their files. */
  readonly folder: string;
  /** The first folder of its PATH. */
  readonly bin: string;
  /** A host name that leads to its loopback. */
  readonly name: string;
}

/** Makes a host of a network namespace. */
export const hostOfItsOwn = (t: Lifetime, { network, folder, bin, name }: HostParts): HostOfItsOwn => {
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost ${name}\n`);
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: folder, TERM: 'dumb' };
  const inside = (line: string): string[] => {
    const shell = `mount --bind '${hosts}' /etc/hosts && cd '${folder}' && ${line}`;
    return [...network.within.slice(1), 'unshare', '--mount', 'sh', '-c', shell];
  };
  return {
    run: (line) => run('nsenter', inside(line), { env }),
    start: (line) => {
      const child = spawn('nsenter', inside(line), { env, stdio: 'pipe' });
      t.teardown(() => child.kill('SIGKILL'));
      return child;
    },
  };
};
