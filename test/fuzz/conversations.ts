import { Capability } from '../../src/protocol/capabilities.js';
import type { Turn } from '../support/conversationHarness.js';
import { Follower } from '../support/follower.js';
import { withCompression } from '../support/framedExchange.js';
import type { Random } from '../support/random.js';
import { fixtureNames, loadFixture } from '../support/recorder.js';
import { inFrames } from './frames.js';
import { makeUp } from './makeUp.js';
import { mutate, mutateFrames } from './mutations.js';

const recorded = ['mysql', 'mariadb'].flatMap(fixtureNames).map(loadFixture);

/** A recorded conversation of real ends. */
export const recordedConversation = (random: Random): Turn[] => random.pick(recorded);

const intact = (random: Random, capabilities = 0n): Turn[] =>
  (random.chance(0.5) ? recordedConversation(random) : makeUp(random, capabilities));

/** The number of turns before the first command; all of them when no command comes. */
const loginTurns = (turns: readonly Turn[]): number => {
  const follower = new Follower();
  const last = turns.findIndex(({ from, bytes }) => {
    follower.hear(from, Buffer.from(bytes));
    return follower.conversation.phase === 'commands';
  });
  return last === -1 ? turns.length : last + 1;
};

/** A conversation that is compressed after its login, often with faults in its packets or frames. */
export const compressedConversationOf = (random: Random): Turn[] => {
  const turns = withCompression(intact(random, Capability.COMPRESS));
  const begin = loginTurns(turns);
  const talk = turns.slice(begin);
  const said = random.chance(0.5) || talk.length === 0 ? talk : mutate(random, talk, recordedConversation(random));
  const framed = inFrames(random, said);
  return [...turns.slice(0, begin), ...(random.chance(0.5) ? framed : mutateFrames(random, framed))];
};

/** The conversation of a seed: recorded or made up, mostly with faults. */
export const conversationOf = (random: Random): Turn[] => {
  if (random.chance(0.15)) return compressedConversationOf(random);
  return random.chance(0.1) ? intact(random) : mutate(random, intact(random), recordedConversation(random));
};

/** The turns after a login, mostly with faults. */
export const talkOf = (random: Random): Turn[] => {
  const turns = intact(random);
  const talk = turns.slice(loginTurns(turns));
  return random.chance(0.2) || talk.length === 0 ? talk : mutate(random, talk, recordedConversation(random));
};

/** A conversation in lines, as it is stored: the speaker, and the bytes in base64. */
export const linesOf = (turns: readonly Turn[]): string[] =>
  turns.map(({ from, bytes }) => `${from[0]!} ${bytes.toString('base64')}`);
