import type { Execution } from './execution.js';

/** The property of executions by which statistics are kept. */
export type Grouping = 'digest' | 'user' | 'schema' | 'program' | 'client' | TagGrouping;

/** Grouping by the value of a tag. */
export type TagGrouping = `tag:${string}`;

/** The groupings as the help shows them. */
export const GROUPINGS = 'digest, user, schema, program, client or tag:NAME';

/** Reads a grouping; null if there is no such grouping. */
export function parseGrouping(text: string): Grouping | null {
  if (isTagGrouping(text)) return text.length > TAG_PREFIX.length ? text : null;
  return PROPERTIES.find((property) => property === text) ?? null;
}

/** Returns the name of an execution's group; empty if it is not known. */
export type GroupOf = (execution: Execution) => string;

/** The function that names the group by a property. It is made once, not for each execution. */
export function groupsBy(grouping: Grouping): GroupOf {
  if (!isTagGrouping(grouping)) return (execution) => execution[grouping];
  const tag = grouping.slice(TAG_PREFIX.length);
  return ({ tags }) => tags.get(tag) ?? '';
}

/** The title of a column with names of groups. */
export function groupTitle(grouping: Grouping): string {
  if (isTagGrouping(grouping)) return grouping.slice(TAG_PREFIX.length);
  return `${grouping[0]!.toUpperCase()}${grouping.slice(1)}`;
}

/** The plural name of the groups. */
export function groupsTitle(grouping: Grouping): string {
  return isTagGrouping(grouping) ? `values of ${grouping.slice(TAG_PREFIX.length)}` : `${grouping}s`;
}

/** Grouping by the value of this tag. */
export function tagGrouping(tag: string): TagGrouping {
  return `${TAG_PREFIX}${tag}`;
}

/** Whether a text is a grouping by a tag, or begins as one. */
export function isTagGrouping(text: string): text is TagGrouping {
  return text.startsWith(TAG_PREFIX);
}

const TAG_PREFIX = 'tag:';
/** The groupings by a property that is no tag. */
export const PROPERTIES = ['digest', 'user', 'schema', 'program', 'client'] as const;
