import { FoundTags } from './foundTags.js';
import { readJson } from './jsonTags.js';
import type { SqlMode } from './lexer.js';
import { readLine } from './lineTags.js';
import { isOpenEnded, lastComments, outerComments, type Comment, type OuterComments } from './outerComments.js';
import { TagReader } from './tagReader.js';

/** The tags of a statement by name, in the order of the text. */
export type Tags = ReadonlyMap<string, string>;

export const NO_TAGS: Tags = new Map();

/** The bound on the characters that are read of a statement's comments. */
export const MAX_COMMENT_LENGTH = 8192;

/** What has to be read of the whole text to know its last comments. */
export interface TextReader {
  /** Whether the last literal, quoted name or comment of a text has no end. */
  isOpenEnded(sql: string, mode: SqlMode): boolean;
  /** The comments after the last token of a text. */
  lastComments(sql: string, mode: SqlMode): readonly Comment[];
}

/**
 * The tags in the comments at both ends of a text.
 * @param sql the text of one command, or its first part (`isTruncated`), of which only the first comments are read
 * @param wanted the names of the tags that are returned; null for all
 */
export function tagsOf(
  sql: string, isTruncated = false, mode: SqlMode = {}, wanted: readonly string[] | null = null,
): Tags {
  const outer = outerComments(sql);
  return outer === null ? NO_TAGS : tagsAround(outer, sql, isTruncated, mode, wanted, { isOpenEnded, lastComments });
}

/**
 * The same for a text whose comments are found already.
 * @param reader reads the text; one that remembers texts spares a second reading
 */
export function tagsAround(
  { body, leading, trailing, isUnclear }: OuterComments, sql: string, isTruncated: boolean, mode: SqlMode,
  wanted: readonly string[] | null, reader: TextReader,
): Tags {
  if (isTruncated || (trailing.length === 0 && !isUnclear)) return tagsIn(leading, wanted);
  const last = isUnclear || reader.isOpenEnded(body, mode) ? reader.lastComments(sql, mode) : trailing;
  return tagsIn(leading.length === 0 ? last : [...leading, ...last], wanted);
}

/**
 * The tags in comments. Of two with the same name the first counts. Work and result are bounded for any comment; text
 * that is not a tag is skipped.
 * @param wanted the names of the tags that are returned; null for all
 */
export function tagsIn(comments: readonly Comment[], wanted: readonly string[] | null = null): Tags {
  const found = new FoundTags(wanted);
  let room = MAX_COMMENT_LENGTH;
  for (const { text, isLine } of comments) {
    if (room === 0) break;
    const isCut = text.length > room;
    readComment(isCut ? text.slice(0, room) : text, isLine, isCut, found);
    room -= Math.min(room, text.length);
  }
  return found.byName;
}

/** Reads one comment. Sluice's own hints have no tags, and neither has a line that switches a block comment off. */
function readComment(text: string, isLine: boolean, isCut: boolean, found: FoundTags): void {
  if (HINT.test(text) || (isLine && BLOCK_MARK.test(text)) || readJson(text, found)) return;
  if (isLine) readLine(text, isCut, found);
  else new TagReader(found).read(text, isCut);
}

const HINT = /^\s*sluice:/;
const BLOCK_MARK = /\/\*|\*\//;
