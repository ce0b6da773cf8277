import { Generations } from './generations.js';
import { digestHash, digestText, normalized } from '../sql/digest.js';
import type { SqlMode } from '../sql/lexer.js';

/**
 * The digests of statements that came lately. Applications say the same again and again, above all where they
 * prepare their statements: to look that up by its text is cheaper than to take it apart. What differs only
 * in its literals is taken apart, but not hashed again.
 */
export class DigestCache {
  /**
   * One for each way in which quotes and backslashes are read: the same text may be another statement. Texts that
   * servers read in different ways for their versioned comments are in none.
   */
  private readonly byText = [0, 1, 2, 3].map(() => new Generations<Digest>(MAX_TEXTS_SIZE));
  private readonly byNormalForm = new Generations<Digest>(MAX_NORMAL_FORMS_SIZE);

  /**
   * The digest of a statement.
   * @param sql its text, or the front of it
   */
  digestOf(sql: string, mode: SqlMode): Digest {
    if (sql.length > LONGEST_TEXT) return this.digestByNormalForm(digestText(sql, mode));
    const texts = this.byText[(mode.ansiQuotes ? 1 : 0) + (mode.noBackslashEscapes ? 2 : 0)]!;
    const known = texts.get(sql);
    if (known !== undefined) return known;
    const { text, dependsOnServer } = normalized(sql, mode);
    const digest = this.digestByNormalForm(text);
    if (!dependsOnServer) texts.set(sql, digest);
    return digest;
  }

  private digestByNormalForm(text: string): Digest {
    const known = this.byNormalForm.get(text);
    if (known !== undefined) return known;
    const digest = { text, hash: digestHash(text) };
    this.byNormalForm.set(text, digest);
    return digest;
  }
}

/** A statement's normal form, and its short hash. */
export interface Digest {
  readonly text: string;
  readonly hash: string;
}

/** Longer ones are so seldom the same that they would only push others out. */
const LONGEST_TEXT = 4096;
const MAX_TEXTS_SIZE = 2 ** 17;
const MAX_NORMAL_FORMS_SIZE = 2 ** 20;

/** One for the whole process: a text has the same digest for everybody. */
export const digests = new DigestCache();
