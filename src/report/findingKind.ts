/** The kind of a finding: one of `--fail-on`, or a result beyond `--max-rows` or `--max-bytes`. */
export type FindingKind = FailOnKind | 'max-rows' | 'max-bytes';

/** The kinds on which a policy can fail, the gravest first, in the words of `--fail-on`. */
export const FAIL_ON_KINDS = ['cut', 'refuse', 'would-cut', 'would-refuse', 'repeated', 'admit', 'warn'] as const;

/** A kind that `--fail-on` names. */
export type FailOnKind = typeof FAIL_ON_KINDS[number];

/** All kinds, the gravest first. */
export const FINDING_KINDS: readonly FindingKind[] =
  ['cut', 'refuse', 'would-cut', 'would-refuse', 'max-rows', 'max-bytes', 'repeated', 'admit', 'warn'];

/** The kind of a record by its action; none for a sample, with which nothing was done. */
export const KIND_OF_ACTION: ReadonlyMap<string, FindingKind> = new Map([
  ['cut', 'cut'], ['truncate', 'cut'], ['close', 'cut'], ['would-cut', 'would-cut'], ['admit', 'admit'],
  ['warn', 'warn'], ['refuse', 'refuse'], ['would-refuse', 'would-refuse'],
]);
