import { isSpace } from './characters.js';
import { FoundTags, single, type SingleTags } from './foundTags.js';
import { readJson } from './jsonTags.js';
import type { SqlMode } from './lexer.js';
import { readLine } from './lineTags.js';
import { isOpenEnded, lastComments, outerComments, type Comment, type OuterComments } from './outerComments.js';
import { quotedValue, TagReader, type QuotedValues } from './tagReader.js';

/** The tags of a statement by name, in the order of the text. */
export type Tags = ReadonlyMap<string, string>;

export const NO_TAGS: Tags = new Map();

/** The bound on the bytes that are read of a statement's comments. */
export const MAX_COMMENT_BYTES = 8192;

/** Makes values, and tags of them. */
type TagValueReader = QuotedValues & SingleTags;

/** Does the reading that few texts need. An implementation that remembers texts and values need not do it again. */
export interface TagsReader extends TagValueReader {
  /** The comments after the last token of a text. */
  lastComments(sql: string, mode: SqlMode): readonly Comment[];
}

/**
 * The tags in the comments at both ends of a text.
 * @param sql the text of one command, or its first part (`isTruncated`), of which only the first comments are read
 * @param wanted the names of the tags that are returned; null for all
 */
export function tagsOf(
  sql: Buffer, isTruncated = false, mode: SqlMode = {}, wanted: readonly string[] | null = null,
): Tags {
  const outer = outerComments(sql);
  if (outer === null) return NO_TAGS;
  const isOpen = outer.trailing.length > 0 && isOpenEnded(sql.toString('utf8', outer.from, outer.to), mode);
  return tagsAround(outer, isOpen, sql, isTruncated, mode, wanted, { lastComments, quotedValue, single });
}

/**
 * The same for a text whose comments are found already.
 * @param isOpen the body is open-ended
 */
export function tagsAround(
  { leading, trailing, isUnclear }: OuterComments, isOpen: boolean, sql: Buffer, isTruncated: boolean, mode: SqlMode,
  wanted: readonly string[] | null, reader: TagsReader,
): Tags {
  const isCertain = !isUnclear && !isOpen;
  const last = isTruncated ? [] : isCertain ? trailing : reader.lastComments(sql.toString(), mode);
  return tagsIn(leading.length === 0 ? last : [...leading, ...last], wanted, reader);
}

/**
 * The tags in comments. Of two with the same name the first counts. Work and result are bounded for any comment; text
 * that is not a tag is skipped.
 * @param wanted the names of the tags that are returned; null for all
 */
export function tagsIn(
  comments: readonly Comment[], wanted: readonly string[] | null = null,
  values: TagValueReader = { quotedValue, single },
): Tags {
  const found = new FoundTags(wanted);
  const reader = new TagReader(found, values);
  let room = MAX_COMMENT_BYTES;
  for (const { bytes, from, to, isLine } of comments) {
    if (room === 0 || found.isFull) break;
    const end = Math.min(to, from + room);
    if (isLine) readOfLine(bytes.toString('utf8', from, end), end < to, found, reader);
    else readBlock(bytes, from, end, end < to, found, reader);
    room -= end - from;
  }
  return found.tags(values) ?? NO_TAGS;
}

/** Reads a comment between two marks. Sluice's own hints have no tags. */
function readBlock(
  bytes: Buffer, from: number, to: number, isCut: boolean, found: FoundTags, reader: TagReader,
): void {
  let at = from;
  while (at < to && isSpace(bytes[at]!)) at += 1;
  const first = bytes[at];
  const isOther = (first === BRACE || first === BRACKET) && readJson(bytes.toString('utf8', at, to), found);
  const isHint = first === SMALL_S && HINT.test(bytes.toString('latin1', at, to));
  if (!isOther && !isHint) reader.read(bytes, at, to, isCut);
}

/** Reads a comment up to the end of its line. One that switches a block comment off has no tags. */
function readOfLine(text: string, isCut: boolean, found: FoundTags, reader: TagReader): void {
  if (!BLOCK_MARK.test(text) && !readJson(text, found)) readLine(text, isCut, found, reader);
}

const BRACE = 0x7b;
const BRACKET = 0x5b;
const SMALL_S = 0x73;
const HINT = /^sluice:/;
const BLOCK_MARK = /\/\*|\*\//;
