import { ownCopy } from '../text/ownCopy.js';
import { Generations } from './generations.js';
import { digestHash, digestText, normalized, type Normalized } from '../sql/digest.js';
import type { SqlMode } from '../sql/lexer.js';
import { isOpenEnded, lastComments, outerComments, type Comment, type OuterComments } from '../sql/outerComments.js';
import { NO_TAGS, tagsAround, type Tags, type TextReader } from '../sql/tags.js';

/**
 * A cache of the digests of recent statements. Applications repeat their statements, above all prepared ones, and a
 * look-up by text is cheaper than normalizing the text again. The look-up leaves out the comments at both ends, because
 * frameworks write a new text there each time. A statement that differs only in its literals is normalized, but not
 * hashed again.
 */
export class DigestCache implements TextReader {
  /**
   * One cache for each way in which servers read quotes and backslashes, because the same text may be another
   * statement. Texts with versioned comments that servers read in different ways are not cached.
   */
  private readonly byText = [0, 1, 2, 3].map(() => new Generations<TextReading>(MAX_TEXTS_SIZE));
  private readonly byNormalForm = new Generations<Digest>(MAX_NORMAL_FORMS_SIZE);

  /** @param normalize finds the normal form of a text */
  constructor(private readonly normalize: (sql: string, mode: SqlMode) => Normalized = normalized) {}

  /**
   * The digest of a statement.
   * @param sql the text, or its front
   */
  digestOf(sql: string, mode: SqlMode): Digest {
    return this.digestIn(outerComments(sql), sql, mode);
  }

  /**
   * The tags in the comments at both ends of a statement. For a recent text this costs only a look-up.
   * @param isTruncated the statement continues after this text
   */
  tagsOf(sql: string, isTruncated: boolean, mode: SqlMode): Tags {
    return this.tagsAround(outerComments(sql), sql, isTruncated, mode, null);
  }

  /** The digest of a statement, and those of its tags that are wanted. The text is taken apart once for both. */
  identify(sql: string, isTruncated: boolean, mode: SqlMode, wanted: readonly string[]): Identified {
    const outer = outerComments(sql);
    return {
      digest: this.digestIn(outer, sql, mode),
      tags: wanted.length === 0 ? NO_TAGS : this.tagsAround(outer, sql, isTruncated, mode, wanted),
    };
  }

  private digestIn(outer: OuterComments | null, sql: string, mode: SqlMode): Digest {
    const body = outer?.body ?? sql;
    if (body.length > LONGEST_TEXT) return this.digestByNormalForm(digestText(sql, mode));
    const reading = this.read(body, mode);
    // After an open-ended body, the text that looks like comments is part of the statement.
    return reading.isOpenEnded && body !== sql ? this.digestOfWhole(sql, mode) : reading.digest;
  }

  private tagsAround(
    outer: OuterComments | null, sql: string, isTruncated: boolean, mode: SqlMode, wanted: readonly string[] | null,
  ): Tags {
    return outer === null ? NO_TAGS : tagsAround(outer, sql, isTruncated, mode, wanted, this);
  }

  isOpenEnded(sql: string, mode: SqlMode): boolean {
    return sql.length > LONGEST_TEXT ? isOpenEnded(sql, mode) : this.read(sql, mode).isOpenEnded;
  }

  lastComments(sql: string, mode: SqlMode): readonly Comment[] {
    if (sql.length > LONGEST_TEXT) return lastComments(sql, mode);
    const reading = this.read(sql, mode);
    reading.lastComments ??= lastComments(sql, mode).map(({ text, isLine }) => ({ text: ownCopy(text), isLine }));
    return reading.lastComments;
  }

  private digestOfWhole(sql: string, mode: SqlMode): Digest {
    if (sql.length > LONGEST_TEXT) return this.digestByNormalForm(digestText(sql, mode));
    return this.read(sql, mode).digest;
  }

  private read(sql: string, mode: SqlMode): TextReading {
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
