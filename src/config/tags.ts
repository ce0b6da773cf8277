// The names of tags: what frameworks say of a statement in its comments.

import { text } from './schema/kinds.js';
import { list } from './schema/lists.js';

const MAX_NAMES = 64;
const MAX_LIVE_NAMES = 8;

/** The name of a tag, as a key of an object. */
export const TAG_NAME = /^[^\0]{1,256}$/;

const tagName = text(TAG_NAME, 'the name of a tag, of at most 256 characters');

const namesUpTo = (max: number) =>
  list(tagName, { items: 'names of tags', max, distinct: { what: 'name', of: String } });

/** Names of tags, none of them twice. */
export const tagNames = namesUpTo(MAX_NAMES);
/** The same for live statistics, of which each tag has its own. */
export const liveTagNames = namesUpTo(MAX_LIVE_NAMES);

/** What frameworks and Datadog say of where a statement is from. */
export const RECORDED_TAGS: readonly string[] = [
  'application', 'service', 'route', 'controller', 'action', 'job', 'framework', 'source_location',
  'dddb', 'dddbs', 'dde', 'ddh', 'ddps', 'ddpv',
];

/** What live statistics are kept by. */
export const LIVE_TAGS: readonly string[] = ['route'];
