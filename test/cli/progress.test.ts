import t, { type Test } from 'tap';
import { Progress } from '../../src/cli/progress.js';
import { changeWorld } from '../support/changeWorld.js';

const play = (
  t: Test, isTTY: boolean, totalBytes: number | null, steps: readonly { bytes: number; atMs: number }[],
): string[] => {
  const shown: string[] = [];
  let nowMs = 0;
  const terminal = { isTTY, write: (text: string) => shown.push(text) };
  changeWorld(t, { nowMs: () => nowMs });
  const progress = new Progress(terminal, totalBytes);
  for (const { bytes, atMs } of steps) {
    nowMs = atMs;
    progress.advance(bytes);
  }
  progress.end();
  return shown;
};

t.test('shows progress on a terminal, and leaves nothing of it at the end', (t) => {
  const shown = play(t, true, 2048, [{ bytes: 512, atMs: 0 }, { bytes: 10, atMs: 50 }, { bytes: 502, atMs: 150 }]);
  t.equal(shown.length, 3, 'not for each piece that is read');
  t.match(shown[0], /\[#{8}\.{22}\] 25\.0% of 2\.0 KiB$/);
  t.match(shown[1], /\[#{15}\.{15}\] 50\.0% of 2\.0 KiB$/);
  t.equal(shown[2], '\r\u001b[K');
  t.end();
});

t.test('shows how much was read when the end is not known', (t) => {
  t.match(play(t, true, null, [{ bytes: 3 * 1024 ** 2, atMs: 0 }])[0], /3\.0 MiB read$/);
  t.end();
});

t.test('writes nothing when there is no terminal', (t) => {
  t.strictSame(play(t, false, 100, [{ bytes: 50, atMs: 0 }]), []);
  t.end();
});
