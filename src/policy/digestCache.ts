import { Generations } from './generations.js';
import type { GovernedUsage } from './governedUsage.js';
import { digestHash } from './sql/digest.js';
import { statementBytes, type Digest } from './statement.js';

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

  /** The digest of a usage's statement; null where its text is not known. */
  digestOf(usage: GovernedUsage): Digest | null {
    const bytes = statementBytes(usage.command);
    if (bytes === null) return null;
    if (bytes.length > LONGEST_TEXT_BYTES) return this.digestByNormalForm(usage);
    // What quotes and backslashes mean is part of the key: a character that no text has in Latin-1, and the
    // flags.
    const flags = usage.readingFlags;
    const text = bytes.toString('latin1');
    const key = flags === 0 ? text : `\u0100${flags}:${text}`;
    const known = this.byText.get(key);
    if (known !== undefined) return known;
    const digest = this.digestByNormalForm(usage);
    this.byText.set(key, digest);
    return digest;
  }

  private digestByNormalForm({ statement }: GovernedUsage): Digest {
    const text = statement.normalForm;
    const known = this.byNormalForm.get(text);
    if (known !== undefined) return known;
    const digest = { text, hash: digestHash(text) };
    this.byNormalForm.set(text, digest);
    return digest;
  }
}
