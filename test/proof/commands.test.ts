import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { CLI } from '../cli/program.js';
import { Random } from '../support/random.js';
import { IS_WHOLE, SCALE } from './scale.js';

/** In the environment of Sluice and of its command: whatever is left of them has it. */
const MARK = `sluice-proof-${process.pid}`;
const AT_A_TIME = 4;
/** When a signal comes at the latest, after the start of Sluice or of its command. */
const LATEST_MS = 300;

/** Commands that say first where they found the proxy. */
const COMMANDS: readonly string[] = [
  'exit 7',
  'mariadb --no-defaults --user=demo --execute="SELECT * FROM rows_100" demo >/dev/null',
  'exec mariadb --no-defaults --user=demo --quick --execute="SELECT * FROM rows_50000_of_1000" demo >/dev/null',
  'exec sleep 60',
  `exec ${process.execPath} -e "process.on('SIGTERM', () => process.exit(9)); setTimeout(() => {}, 60000)"`,
];
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL', null] as const;

/** A file of a process; nothing where that is gone. */
const read = (pid: string, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
};

/** The processes that have the mark. */
const left = (): string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && read(name, 'environ').includes(MARK));

/** The socket that listens on a port of 127.0.0.1, by its inode; null where none does (proc(5), /proc/net/tcp). */
const listener = (port: number): string | null => {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const LISTEN = '0A';
  const line = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((text) => text.trim().split(/\s+/))
    .find(([, local, , state]) => local === address && state === LISTEN);
  return line?.[9] ?? null;
};

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The listener of a run's proxy, once its command has named its port. Null where the command never began. */
const listenerOf = async (child: ChildProcess): Promise<{ readonly port: number; readonly inode: string } | null> => {
  let said = '';
  for await (const text of child.stdout ?? []) {
    said += String(text);
    if (said.includes('\n')) break;
  }
  const port = Number(said);
  const inode = said === '' ? null : listener(port);
  return inode === null ? null : { port, inode };
};

/** Whether a run may end so. */
const isExpected = ({ code, signal }: Ended, sent: NodeJS.Signals | null, own: readonly number[]): boolean => {
  if (code !== null && own.includes(code)) return true;
  if (sent === null) return false;
  // Before Sluice listens to signals, they end it as they end every program.
  return signal === sent || code === 128 + constants.signals[sent];
};

if (IS_WHOLE) t.setTimeout(3_600_000);

await t.test(`${SCALE.commands} commands leave no process and no port, whatever ends them`, async (t) => {
  const random = new Random(19);
  const wrong: string[] = [];
  const endings = new Map<string, number>();
  let begun = 0;
  let listened = 0;

  const runOne = async (index: number): Promise<void> => {
    const command = COMMANDS[index % COMMANDS.length]!;
    const chosen = SIGNALS[Math.floor(index / COMMANDS.length) % SIGNALS.length]!;
    const endless = command.includes('sleep') || command.includes('setTimeout');
    const signal = chosen ?? (endless ? 'SIGTERM' : null);
    const child = spawn(process.execPath, [CLI, 'run', '--demo', '--', 'sh', '-c', `echo $SLUICE_PORT; ${command}`], {
      stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, MARK },
    });
    const exited = once(child, 'exit');
    const found = listenerOf(child);
    if (signal !== null) {
      if (random.chance(0.75)) await found;
      await delay(random.below(LATEST_MS));
      child.kill(signal);
    }
    const [code, by] = (await exited) as [number | null, NodeJS.Signals | null];
    const there = await found;
    if (there !== null) listened += 1;
    if (there !== null && listener(there.port) === there.inode) wrong.push(`${index}: port ${there.port} is left`);
    // 1: the client of the database has lost its server.
    if (!isExpected({ code, signal: by }, signal, [0, 1, 7, 9])) {
      wrong.push(`${index}: ${command} with ${signal}: ended with ${code ?? by}`);
    }
    const ending = String(code ?? by);
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  };

  const runSome = async (): Promise<void> => {
    while (begun < SCALE.commands) {
      begun += 1;
      await runOne(begun - 1);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, runSome));

  // Where Sluice itself was killed, its command is not Sluice's to end.
  const commands = left();
  const proxies = commands.filter((pid) => read(pid, 'cmdline').includes(CLI));
  for (const pid of commands) process.kill(Number(pid), 'SIGKILL');
  t.strictSame(proxies, [], 'no Sluice is left');
  const killed = endings.get('SIGKILL') ?? 0;
  t.ok(commands.length <= killed, `${commands.length} commands are left, of ${killed} whose Sluice was killed`);
  t.strictSame(wrong, []);
  t.ok(listened > SCALE.commands / 2, `${listened} commands were seen before their proxy`);
  t.comment([...endings].map(([ending, count]) => `${ending}: ${count}`).join(', '));
});
