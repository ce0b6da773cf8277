import { ownCopy } from '../text/ownCopy.js';
import { Generations } from './generations.js';
import { digestHash, digestText, normalized, type Normalized } from '../sql/digest.js';
import type { SqlMode } from '../sql/lexer.js';
import { isOpenEnded, lastComments, outerComments, type Comment, type OuterComments } from '../sql/outerComments.js';
import { quotedValue } from '../sql/tagReader.js';
import { single } from '../sql/foundTags.js';
import { TagValues } from './tagValues.js';
import { NO_TAGS, tagsAround, type Tags, type TagsReader } from '../sql/tags.js';

/**
 * A cache of the digests of recent statements. Applications repeat their statements, above all prepared ones, and a
 * look-up by text is cheaper than normalizing the text again. The look-up leaves out the comments at both ends, because
 * frameworks write a new text there each time. A statement that differs only in its literals is normalized, but not
 * hashed again.
 */
export class DigestCache implements TagsReader {
  /**
   * One cache for each way in which servers read quotes and backslashes, because the same text may be another
   * statement. Texts with versioned comments that servers read in different ways are not cached.
   */
  private readonly byText = [0, 1, 2, 3].map(() => new Generations<TextReading>(MAX_TEXTS_SIZE));
  private readonly byNormalForm = new Generations<Digest>(MAX_NORMAL_FORMS_SIZE);
  private readonly values = new TagValues();
  private readonly ofAllTags: TagsReader = {
    quotedValue, single, lastComments: (sql, mode) => this.lastComments(sql, mode),
  };

  /** @param normalize finds the normal form of a text */
  constructor(private readonly normalize: (sql: string, mode: SqlMode) => Normalized = normalized) {}

  /**
   * The digest of a statement.
   * @param sql the text, or its front
   */
  digestOf(sql: string, mode: SqlMode): Digest {
    const bytes = Buffer.from(sql);
    const outer = outerComments(bytes);
    return this.digestAround(outer, this.readBody(outer, bytes, mode), bytes, mode);
  }

  /**
   * The tags in the comments at both ends of a statement. For a recent text this costs only a look-up.
   * @param isTruncated the statement continues after this text
   */
  tagsOf(sql: string, isTruncated: boolean, mode: SqlMode): Tags {
    const bytes = Buffer.from(sql);
    const outer = outerComments(bytes);
    if (outer === null) return NO_TAGS;
    const reading = outer.trailing.length === 0 ? null : this.readBody(outer, bytes, mode);
    return this.tagsAround(outer, reading, bytes, isTruncated, mode, null);
  }

  /**
   * The digest of a statement, and those of its tags that are wanted. The text is taken apart once for both.
   * @param sql the text, or its front, in UTF-8
   */
  identify(sql: Buffer, isTruncated: boolean, mode: SqlMode, wanted: readonly string[]): Identified {
    const outer = outerComments(sql);
    const reading = this.readBody(outer, sql, mode);
    const hasTags = outer !== null && wanted.length > 0;
    return {
      digest: this.digestAround(outer, reading, sql, mode),
      tags: hasTags ? this.tagsAround(outer, reading, sql, isTruncated, mode, wanted) : NO_TAGS,
    };
  }

  lastComments(sql: string, mode: SqlMode): readonly Comment[] {
    const reading = this.readShort(sql, mode);
    if (reading === null) return lastComments(sql, mode);
    reading.lastComments ??= lastComments(sql, mode);
    return reading.lastComments;
  }

  quotedValue(bytes: Buffer, from: number, to: number): string {
    return this.values.quotedValue(bytes, from, to);
  }

  single(name: string, value: string): Tags {
    return this.values.single(name, value);
  }

  /** @param reading that of the body; null if it is too long to be kept */
  private digestAround(outer: OuterComments | null, reading: TextReading | null, sql: Buffer, mode: SqlMode): Digest {
    // After an open-ended body, the text that looks like comments is part of the statement.
    const isPart = reading?.isOpenEnded === true && outer !== null && outer.to - outer.from < sql.length;
    const whole = isPart ? this.readShort(sql.toString(), mode) : reading;
    return whole === null ? this.digestByNormalForm(digestText(sql.toString(), mode)) : whole.digest;
  }

  /** @param reading that of the body; null if it is not known */
  private tagsAround(
    outer: OuterComments, reading: TextReading | null, sql: Buffer, isTruncated: boolean, mode: SqlMode,
    wanted: readonly string[] | null,
  ): Tags {
    const isOpen = outer.trailing.length > 0 &&
      (reading?.isOpenEnded ?? isOpenEnded(sql.toString('utf8', outer.from, outer.to), mode));
    // Of all tags, some have a new value each time, which would only push the others out.
    return tagsAround(outer, isOpen, sql, isTruncated, mode, wanted, wanted === null ? this.ofAllTags : this);
  }

  private readBody(outer: OuterComments | null, sql: Buffer, mode: SqlMode): TextReading | null {
    return this.readShort(outer === null ? sql.toString() : sql.toString('utf8', outer.from, outer.to), mode);
  }

  /** Null for a text that is too long to be kept. */
  private readShort(sql: string, mode: SqlMode): TextReading | null {
    if (sql.length > LONGEST_TEXT) return null;
    const texts = this.byText[(mode.ansiQuotes ? 1 : 0) + (mode.noBackslashEscapes ? 2 : 0)]!;
    const known = texts.get(sql);
    if (known !== undefined) return known;
    const { text, dependsOnServer, isOpenEnded: isOpen } = this.normalize(sql, mode);
    const reading = { digest: this.digestByNormalForm(text), isOpenEnded: isOpen, lastComments: null };
    if (!dependsOnServer) texts.set(ownCopy(sql), reading);
    return reading;
  }

  private digestByNormalForm(text: string): Digest {
    const known = this.byNormalForm.get(text);
    if (known !== undefined) return known;
    const digest = { text, hash: digestHash(text) };
    this.byNormalForm.set(text, digest);
    return digest;
  }
}

/** The digest and the tags by which live statistics know a statement. */
export interface Identified {
  readonly digest: Digest;
  readonly tags: Tags;
}

/** A statement's normal form, and its short hash. */
export interface Digest {
  readonly text: string;
  readonly hash: string;
}

/** The cached properties of a text. */
interface TextReading {
  readonly digest: Digest;
  /** Further text would belong to its last literal, quoted name or comment. */
  readonly isOpenEnded: boolean;
  /** The comments after its last token; null if they were not needed yet. */
  lastComments: readonly Comment[] | null;
}

/** The longest text that is kept. Longer texts are rarely repeated and would only push others out. */
const LONGEST_TEXT = 4096;
const MAX_TEXTS_SIZE = 2 ** 17;
const MAX_NORMAL_FORMS_SIZE = 2 ** 20;

/** The cache of the whole process. A text has the same digest in every session. */
export const digests = new DigestCache();
