import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { errorCode, errorText } from '../../text/errorText.js';
import { EXIT_CODES, say } from '../command.js';
import { isInForeground } from './foreground.js';
import { world } from '../../world/world.js';

/**
 * The command of `sluice run`. It has Sluice's standard streams and its process group, so that it can use the terminal.
 * It gets the signals that Sluice gets: from the construction on, they no longer end Sluice itself.
 */
export class CommandProcess {
  private child: ChildProcess | null = null;
  /** The first signal that came before the command was started. */
  private early: NodeJS.Signals | null = null;

  constructor() {
    for (const signal of PASSED_ON) process.on(signal, () => this.pass(signal));
  }

  /** Whether the command has begun. */
  get hasBegun(): boolean {
    return this.child?.pid !== undefined;
  }

  /**
   * Runs the command to its end; not at all if a signal came before.
   * @param words the program and its arguments; there is a program
   * @returns the exit code: its own, or 128 and the number of the signal that ended it; as in a shell, 127 if there is
   * no such program, and 126 if it cannot be executed
   */
  async run([program = '', ...args]: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
    if (this.early !== null) return codeOf(this.early);
    if (program === '') return cannotStart(program, 'ENOENT');
    try {
      const child = spawn(program, args, { stdio: 'inherit', env: environment });
      this.child = child;
      return await new Promise((resolve, reject) => {
        child.on('error', (error) => {
          if (child.pid === undefined) reject(error);
          else say([`sluice: cannot pass a signal on to the command: ${error.message}`]); // another user's
        });
        child.once('exit', (code, signal) => resolve(signal === null ? code ?? EXIT_CODES.failed : codeOf(signal)));
      });
    } catch (error) {
      return cannotStart(program, errorCode(error) ?? errorText(error));
    }
  }

  /** Ends the command, because its proxy fails: with SIGTERM, and with SIGKILL if it has not ended soon. */
  async end(): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const killing = world.after(TERMINATION_MS, () => child.kill('SIGKILL'));
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGTERM');
    });
    world.cancel(killing);
  }

  private pass(signal: NodeJS.Signals): void {
    if (this.child === null) this.early ??= signal;
    // The terminal has sent it to the command as well. Programs that get it twice skip what they do at their end.
    else if (!(FROM_KEYS.includes(signal) && isInForeground())) this.child.kill(signal);
  }
}

/** Signals that end a process, or that programs take as orders. */
const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
const FROM_KEYS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const TERMINATION_MS = 5000;

/** A shell's exit code for a command that a signal has ended. */
function codeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** A shell's exit codes for a program that is not found, and for one that cannot be executed (POSIX, XCU 2.8.2). */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

const REASONS: Readonly<Record<string, readonly [exitCode: number, reason: string]>> = {
  ENOENT: [NOT_FOUND, 'there is no such program, or its interpreter is missing'],
  ENOTDIR: [NOT_EXECUTABLE, 'a part of its path is no folder'],
  EACCES: [NOT_EXECUTABLE, 'it is no program that this user may execute'],
  ENOEXEC: [NOT_EXECUTABLE, 'it is no program of this machine'],
};

/** Says why a program cannot be started. @returns the exit code */
function cannotStart(program: string, code: string): number {
  const [exitCode, reason] = REASONS[code] ?? [EXIT_CODES.failed, code];
  say([`sluice: cannot run ${JSON.stringify(program)}: ${reason}`]);
  return exitCode;
}
