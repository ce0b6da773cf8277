import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { guard, type Lifetime, spawned } from './guard.js';
import { type Namespace, runWithin } from './networkNamespace.js';
import { run } from './run.js';

const RELAY = fileURLToPath(new URL('programs/bad_link.py', import.meta.url));
const PERFECT: LinkQuality = { delayMs: 0, jitterMs: 0, loss: 0, reorder: 0 };

/** The quality of a cable in either direction. The fields mean what they mean to tc-netem(8). */
export interface LinkQuality {
  readonly delayMs: number;
  readonly jitterMs: number;
  /** The share of packets that are lost, from 0 to 1. */
  readonly loss: number;
  /** The share of packets that go without delay, and so overtake others, from 0 to 1. */
  readonly reorder: number;
}

/** A cable between two network namespaces. It loses, delays and reorders packets, and it can be cut. */
export interface BadLink {
  /** What makes it bad: the kernel's netem, or a relay of packets in user space. */
  readonly by: 'netem' | 'relay';
  /** Gives it another quality. If it was cut, it is mended. */
  set(quality: LinkQuality): Promise<void>;
  /** From here on every packet is lost, also those on their way, and neither end is told. */
  cut(): Promise<void>;
  /** The number of packets that it has lost. */
  lostPackets(): Promise<number>;
}

/** One end of a cable. */
export interface LinkEnd {
  readonly namespace: Namespace;
  /** The name of its device there, and its address. */
  readonly device: string;
  readonly address: string;
}

/**
 * Lays a cable between two namespaces, which `t` removes at its end. If the kernel has netem, the cable is a veth pair
 * with netem. If not, each end is a TUN device, and a relay passes packets between the two. TCP runs in the kernel
 * either way.
 */
export const layLink = async (t: Lifetime, near: LinkEnd, far: LinkEnd): Promise<BadLink> => {
  const tryNetem = ['tc', 'qdisc', 'replace', 'dev', 'lo', 'root', 'netem', 'limit', '1'];
  const probe = await run('env', [...near.namespace.within, ...tryNetem]);
  if (probe.code !== 0) return layRelayed(t, near, far);
  await runWithin(near.namespace, ['tc', 'qdisc', 'delete', 'dev', 'lo', 'root']);
  return layVeth(near, far);
};

/** Gives the devices of both ends their addresses, and switches them on. */
const plugIn = async (near: LinkEnd, far: LinkEnd): Promise<void> => {
  for (const [{ namespace, device, address }, other] of [[near, far], [far, near]] as const) {
    await runWithin(namespace, ['ip', 'address', 'add', address, 'peer', other.address, 'dev', device]);
    await runWithin(namespace, ['ip', 'link', 'set', device, 'up']);
  }
};

const layVeth = async (near: LinkEnd, far: LinkEnd): Promise<BadLink> => {
  await runWithin(near.namespace, ['ip', 'link', 'add', near.device, 'type', 'veth',
    'peer', 'name', far.device, 'netns', String(far.namespace.pid)]);
  await plugIn(near, far);
  const ends = [near, far];
  const shape = async (...terms: readonly string[]): Promise<void> => {
    for (const { namespace, device } of ends) {
      await runWithin(namespace, ['tc', 'qdisc', 'replace', 'dev', device, 'root', 'netem', 'limit', '10000', ...terms]);
    }
  };
  return {
    by: 'netem',
    set: ({ delayMs, jitterMs, loss, reorder }) => shape('delay', `${delayMs}ms`, `${jitterMs}ms`,
      'loss', `${loss * 100}%`, ...(reorder > 0 ? ['reorder', `${reorder * 100}%`] : [])),
    cut: () => shape('loss', '100%'),
    lostPackets: async () => {
      let lost = 0;
      for (const { namespace, device } of ends) {
        const said = await runWithin(namespace, ['tc', '-s', '-json', 'qdisc', 'show', 'dev', device, 'root']);
        for (const { drops } of JSON.parse(said) as { readonly drops: number }[]) lost += drops;
      }
      return lost;
    },
  };
};

const layRelayed = async (t: Lifetime, near: LinkEnd, far: LinkEnd): Promise<BadLink> => {
  const ends = [near, far].flatMap(({ namespace, device }) => [String(namespace.pid), device]);
  const relay = spawn('/usr/bin/python3', [RELAY, '1', ...ends], { stdio: ['pipe', 'pipe', 'inherit'] });
  const callOff = guard(await spawned(relay));
  t.teardown(() => {
    relay.kill('SIGKILL');
    callOff();
  });
  const said = createInterface({ input: relay.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const { value, done } = await said.next();
    if (done) throw new Error('the relay of a bad link has ended');
    return value;
  };
  await answer();
  await plugIn(near, far);
  let now = { ...PERFECT, isCut: false };
  const tell = async (quality: typeof now): Promise<number> => {
    now = quality;
    relay.stdin.write(`${JSON.stringify(quality)}\n`);
    return Number(await answer());
  };
  return {
    by: 'relay',
    set: async (quality) => void await tell({ ...quality, isCut: false }),
    cut: async () => void await tell({ ...now, isCut: true }),
    lostPackets: () => tell(now),
  };
};
