import t from 'tap';
import { auditLine } from '../support/auditRecords.js';
import { run } from '../support/run.js';
import { CLI } from './program.js';

t.test('report reads standard input from a terminal to its end', async (t) => {
  const END_OF_INPUT = '\x04'; // what Ctrl-D sends
  const command = `'${process.execPath}' '${CLI}' report --limit 1`;
  const input = `${auditLine({ rows: 4_711 })}${auditLine({})}${END_OF_INPUT}`;
  const { code, stdout } = await run('script', ['--quiet', '--return', '--command', command, '/dev/null'], { input });
  t.match(stdout, /Reading standard input\. To read audit files, give their names\./);
  t.match(stdout, /# Overall: 2 results/);
  t.match(stdout, /4,711/);
  t.equal(code, 0);
});

t.test('the log is readable text when standard error is a terminal', async (t) => {
  // `script` gives the program a terminal. The test interrupts the program once it listens.
  const script = [
    'import os, pty, signal, sys',
    'pid, terminal = pty.fork()',
    'if pid == 0: os.execv(sys.argv[1], sys.argv[1:])',
    'seen = b""',
    'while b"listening" not in seen: seen += os.read(terminal, 4096)',
    'os.kill(pid, signal.SIGINT)',
    'os.waitpid(pid, 0)',
    'sys.stdout.buffer.write(seen)',
  ].join('\n');
  const { stdout, stderr } = await run(
    '/usr/bin/python3', ['-c', script, process.execPath, CLI, '--upstream', 'db.invalid', '--listen', '127.0.0.1:0'],
  );
  t.match(
    stdout, /^\d\d:\d\d:\d\d\.\d{3} \S*INFO \S* listening {2}address=127\.0\.0\.1:\d+ upstream=db\.invalid:3306/m,
    stderr,
  );
});
