import { Generations } from './generations.js';
import { digestHash, digestText, normalized } from '../sql/digest.js';
import type { SqlMode } from '../sql/lexer.js';

/**
 * A cache of the digests of recent statements. Applications repeat their statements, above all prepared ones, and a
 * look-up by text is cheaper than normalizing it again. A statement that differs only in its literals is normalized,
 * but not hashed again.
 */
export class DigestCache {
  /**
   * One cache for each way in which servers read quotes and backslashes, because the same text may be another
   * statement. Texts with versioned comments that servers read in different ways are in none.
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

/** The longest text that is kept. Longer texts are rarely repeated and would only push others out. */
const LONGEST_TEXT = 4096;
const MAX_TEXTS_SIZE = 2 ** 17;
const MAX_NORMAL_FORMS_SIZE = 2 ** 20;

/** The cache of the whole process. A text has the same digest in every session. */
export const digests = new DigestCache();
