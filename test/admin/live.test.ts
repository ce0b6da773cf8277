import t, { type Test } from 'tap';
import { liveView } from '../../src/admin/live.js';
import { History } from '../../src/telemetry/history.js';
import type { Administered } from '../../src/telemetry/status.js';
import { memorySettings } from '../support/memorySession.js';

/** The container on the live page of a program that uses this part of its memory limit. */
const containerShown = async (t: Test, usedBytes: number, isMemoryShort: boolean): Promise<unknown> => {
  const administered = {
    config: memorySettings(t), statistics: null, isReady: true, listeners: [], history: new History(),
    startedAtMs: 0, configuredAtMs: 0, sessions: () => [], isMemoryShort,
    statusOfAll: () => ({ openSessions: 0, stalledSessions: 0, budgetUsedBytes: 0, budgetMaxBytes: Infinity }),
    containerMemory: { limitBytes: 100, usedBytes },
  } as unknown as Administered;
  return (await liveView({ administered, version: '1' }, '', 0) as { readonly container: unknown }).container;
};

t.test('says that new clients are turned away for want of memory exactly while they are', async (t) => {
  t.strictSame(await containerShown(t, 87, true), { limitBytes: 100, usedBytes: 87, isShort: true });
  t.strictSame(await containerShown(t, 91, false), { limitBytes: 100, usedBytes: 91, isShort: false });
});
