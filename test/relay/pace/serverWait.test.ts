import t from 'tap';
import { ServerWait } from '../../../src/relay/pace/serverWait.js';

const MIB = 1024 * 1024;

t.test('adds stalls up while too little is read for the server to write', (t) => {
  const wait = new ServerWait();
  wait.begin(500);
  let stallMs = 500;
  for (let i = 0; i < 20; i += 1) {
    wait.stalled(10 * MIB + i * 64 * 1024, stallMs);
    stallMs += 1000;
  }
  t.equal(wait.currentMs(stallMs), 20_000, 'the client has read now and then, and the server could not write');
  t.equal(wait.longestMs(stallMs), 20_000);
  t.end();
});

t.test('starts again when the server may have written, and remembers the longest wait of the response', (t) => {
  const wait = new ServerWait();
  wait.begin(0);
  wait.stalled(MIB, 0);
  wait.stalled(4 * MIB, 9000);
  t.equal(wait.currentMs(9500), 500);
  t.equal(wait.longestMs(9500), 9000);
  wait.stalled(8 * MIB, 9500);
  t.equal(wait.longestMs(9600), 9000);
  wait.begin(9600);
  t.equal(wait.longestMs(9700), 100, 'another response');
  t.end();
});

t.test('a server may have given up when no whole send buffer was read in its time', (t) => {
  const wait = new ServerWait();
  wait.begin(0);
  t.ok(wait.mayHavePassed(60_000, 20_000));
  t.notOk(wait.mayHavePassed(60_000, 19_999));
  t.end();
});
