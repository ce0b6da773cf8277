import { Generations } from './generations.js';
import { digestHash, digestText } from './sql/digest.js';
import { sqlModeOf, type Digest } from './statement.js';

/** Longer ones are so seldom the same that they would only push others out. */
const LONGEST_TEXT_BYTES = 4096;
const MAX_TEXTS_SIZE = 2 ** 17;
const MAX_NORMAL_FORMS_SIZE = 2 ** 20;

/**
 * The digests of statements that came lately. Applications say the same again and again, above all where they
 * prepare their statements: to look that up by its text is cheaper than to take it apart. What differs only
 * in its literals is taken apart, but not hashed again.
 */
export class DigestCache {
  private readonly byText = new Generations<Digest>(MAX_TEXTS_SIZE);
  private readonly byNormalForm = new Generations<Digest>(MAX_NORMAL_FORMS_SIZE);

  /**
   * The digest of a statement.
   * @param sql its text, or the front of it
   * @param readingFlags what quotes and backslashes mean in it: see `Status`
   */
  digestOf(sql: Buffer, readingFlags: number): Digest {
    if (sql.length > LONGEST_TEXT_BYTES) return this.digestByNormalForm(sql, readingFlags);
    // The flags are part of the key, behind a character that no text has in Latin-1.
    const text = sql.toString('latin1');
    const key = readingFlags === 0 ? text : `\u0100${readingFlags}:${text}`;
    const known = this.byText.get(key);
    if (known !== undefined) return known;
    const digest = this.digestByNormalForm(sql, readingFlags);
    this.byText.set(key, digest);
    return digest;
  }

  private digestByNormalForm(sql: Buffer, readingFlags: number): Digest {
    const text = digestText(sql.toString(), sqlModeOf(readingFlags));
    const known = this.byNormalForm.get(text);
    if (known !== undefined) return known;
    const digest = { text, hash: digestHash(text) };
    this.byNormalForm.set(text, digest);
    return digest;
  }
}
