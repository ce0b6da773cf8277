import t from 'tap';
import type { GovernedUsage } from '../../../src/policy/governedUsage.js';
import { judge } from '../../../src/policy/judgement.js';
import { Command } from '../../../src/protocol/commands.js';
import { decodeErr } from '../../../src/protocol/packets.js';
import { Cutting } from '../../../src/relay/session/cutting.js';
import type { Remote } from '../../../src/control/controlConnection.js';
import type { Killer, KillOutcome } from '../../../src/control/killer.js';
import type { LastPackets } from '../../../src/relay/flow/lastPackets.js';
import { newCommand } from '../../../src/conversation/command.js';
import { CommandQueue } from '../../../src/conversation/commandQueue.js';
import { Metrics } from '../../../src/telemetry/metrics.js';
import { fakeSession } from '../../support/fakeSession.js';
import { govern, settings } from '../../support/governed.js';

// The rest of a cut response, without connections.

t.test('answers a waiting command when it is unknown whether the statement before it was killed', async (t) => {
  const { usage } = govern(t, {}, 'SELECT * FROM big');
  let told = (_: KillOutcome): void => {};
  const killer: Pick<Killer, 'kill'> = { kill: () => new Promise((resolve) => (told = resolve)) };
  const ended = new Promise<LastPackets | undefined>((resolve) => {
    const session = fakeSession({
      isOver: false,
      conversation: {
        commands: new CommandQueue<GovernedUsage>(), server: { discard() {} }, client: { gate() {}, ungate() {} },
        greeting: { connectionId: 54 }, identity: null,
      },
      connections: { upstreamRemote: () => ({}) as Remote, shownEnd: {} },
      shared: { killer, metrics: new Metrics(), config: settings(t, {}) },
      abort: (_, last) => resolve(last),
    });
    const drain = { bytes: Infinity, timeMs: 60_000, waitingMs: 60_000 };
    const cutting = new Cutting(
      usage, judge(usage, 'rows', false), 5, false, session,
      { drain, stopServerWhen: { bytes: 1, timeMs: Infinity } }, { ended() {}, givenUp() {} },
    );
    cutting.discarded(1);
    cutting.commandWaits();
    cutting.drained();
    told('unknown');
  });
  const { refusal } = (await ended)!;
  t.match(decodeErr(refusal!.subarray(4)), { code: 1927, message: /killed is not known, so this command was not run/ });
});

t.test('gives a response up once, however long its client takes to close', (t) => {
  const { usage } = govern(t, {}, 'SELECT * FROM big');
  const [reasons, givenUp]: [string[], string[]] = [[], []];
  let isOver = false;
  const session = fakeSession({
    get isOver() {
      return isOver;
    },
    conversation: {
      commands: new CommandQueue<GovernedUsage>(), server: { discard() {} }, client: { gate() {} }, identity: null,
    },
    shared: { config: settings(t, {}) }, log: { warn() {} },
    abort: (reason) => {
      isOver = true;
      reasons.push(reason);
    },
  });
  const drain = { bytes: 10, timeMs: 60_000, waitingMs: 60_000 };
  const cutting = new Cutting(
    usage, judge(usage, 'rows', false), 5, false, session, { drain, stopServerWhen: null },
    { ended() {}, givenUp: (bound) => void givenUp.push(bound) },
  );
  cutting.discarded(11);
  cutting.giveUp('time');
  cutting.stop();
  t.match(reasons, [/more than drain\.bytes/]);
  t.strictSame([givenUp, usage.givenUp], [['bytes'], 'bytes']);
  t.end();
});

t.test('a command that only closes a prepared statement does not wait for an answer', (t) => {
  const commands = new CommandQueue();
  const answered = newCommand(Command.QUERY, 'results', 1, 0);
  commands.push(answered);
  commands.push(newCommand(Command.STMT_CLOSE, 'none', 1, 0));
  t.notOk(commands.awaitsMoreThan(answered));
  commands.push(newCommand(Command.PING, 'single', 2, 0));
  t.ok(commands.awaitsMoreThan(answered));
  t.end();
});
