// The names of tags, by which frameworks describe a statement in its comments.

import { text } from './schema/kinds.js';
import { list } from './schema/lists.js';

const MAX_NAMES = 64;
const MAX_LIVE_NAMES = 8;

/** The name of a tag, as a key of an object. */
export const TAG_NAME = /^[^\0]{1,256}$/;

const tagName = text(TAG_NAME, 'the name of a tag, of at most 256 characters');

const namesUpTo = (max: number) =>
  list(tagName, { items: 'names of tags', max, distinct: { what: 'name', of: String } });

/** Names of tags, each at most once. */
export const tagNames = namesUpTo(MAX_NAMES);
/** The same for live statistics; each tag has statistics of its own. */
export const liveTagNames = namesUpTo(MAX_LIVE_NAMES);

/** The tags by which frameworks and Datadog name the source of a statement. */
export const RECORDED_TAGS: readonly string[] = [
  'application', 'service', 'route', 'controller', 'action', 'job', 'framework', 'source_location',
  'dddb', 'dddbs', 'dde', 'ddh', 'ddps', 'ddpv',
];

/** The tags by which live statistics are kept by default. */
export const LIVE_TAGS: readonly string[] = ['route'];
