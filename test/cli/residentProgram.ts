import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RunResult } from '../support/run.js';

// The built program's command line in one process, command after command: it loads the code once, which takes longer
// than most commands. residentProgram.test.ts compares what they say there.

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).href;
const CLI = new URL('../../dist/cli.js', import.meta.url).pathname;

/** What the process gets for each command. */
interface Order {
  readonly number: number;
  readonly args: readonly string[];
  readonly variables: NodeJS.ProcessEnv;
}

/** Runs each command as main.js runs the one of its process, and sends what it wrote. */
const SCRIPT = `
  const outputs = [process.stdout, process.stderr];
  process.on('message', async ({ number, args, variables }) => {
    const written = ['', ''];
    outputs.forEach((output, index) => {
      output.write = (text, encoding, callback = encoding) => {
        written[index] += text;
        if (typeof callback === 'function') process.nextTick(callback);
        return true;
      };
    });
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, variables);
    process.argv = [process.execPath, ${JSON.stringify(CLI)}, ...args];
    process.exitCode = undefined;
    await import(${JSON.stringify(MAIN)} + '?' + number).catch((error) => {
      process.exitCode = 1;
      written[1] += error.stack;
    });
    for (const output of outputs) output.removeAllListeners('error');
    const [stdout, stderr] = written;
    process.send({ code: process.exitCode ?? 0, stdout, stderr });
  });
`;

let resident: ChildProcess | null = null;
let commands = 0;
let previous: Promise<unknown> = Promise.resolve();

/** Runs a command of the program, after those before it. Only for commands that end by themselves and read no input. */
export const runResident = (args: readonly string[], variables: NodeJS.ProcessEnv): Promise<RunResult> => {
  const result = previous.then(() => order({ number: commands += 1, args, variables }));
  previous = result.catch(() => undefined);
  return result;
};

const order = async (given: Order): Promise<RunResult> => {
  const child = resident ??= spawn(
    process.execPath, ['--input-type=module', '--eval', SCRIPT], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  child.ref();
  child.channel?.ref();
  child.send(given);
  const listening = new AbortController();
  const { signal } = listening;
  const [result]: unknown[] = await Promise.race([
    once(child, 'message', { signal }),
    once(child, 'exit', { signal }).then(([code]) => {
      resident = null;
      throw new Error(`the resident program ended with ${code} at: ${given.args.join(' ')}`);
    }),
  ]).finally(() => listening.abort());
  // It must not keep the test's process alive. It ends with that process.
  child.unref();
  child.channel?.unref();
  return result as RunResult;
};
