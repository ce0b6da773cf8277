import type { Lifetime } from './guard.js';
import { runOk } from './run.js';

/** A network namespace that stands for another host: a veth pair leads to it. */
export interface NetworkNamespace {
  /** The other end's address, as seen from here. */
  readonly address: string;
  /** The beginning of a command line that runs there. */
  readonly within: readonly string[];
}

const ip = (...args: readonly string[]): Promise<string> => runOk('ip', args);

/** Makes a network namespace; it goes away with `t`. Only root may. */
export const makeNetworkNamespace = async (t: Lifetime): Promise<NetworkNamespace> => {
  const name = `sluice-${process.pid}`;
  const [here, there] = [`sl${process.pid}h`, `sl${process.pid}t`];
  const subnet = `10.213.${process.pid % 256}`;
  await ip('netns', 'add', name);
  t.teardown(() => ip('netns', 'delete', name));
  await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
  await ip('addr', 'add', `${subnet}.1/24`, 'dev', here);
  await ip('link', 'set', here, 'up');
  await ip('-n', name, 'addr', 'add', `${subnet}.2/24`, 'dev', there);
  await ip('-n', name, 'link', 'set', there, 'up');
  return { address: `${subnet}.2`, within: ['ip', 'netns', 'exec', name] };
};
