import { type ChildProcess, fork } from 'node:child_process';

/** Other processes of this program. */
export interface Processes {
  /**
   * Starts a process with a channel for messages and connections. It ends with this process at the latest.
   * @param program the path of its module
   */
  startProcess(program: string): OwnProcess;
}

/** A process that this one has started. */
export type OwnProcess = Pick<ChildProcess, 'pid' | 'connected' | 'stderr' | 'send' | 'kill' | 'on'>;

const running = new Set<ChildProcess>();

/** The processes of the machine. */
export const machineProcesses: Processes = {
  startProcess(program) {
    const child = fork(program, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  },
};

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL'); // including those that hang
});
