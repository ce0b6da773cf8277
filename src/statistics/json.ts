import type { RankedGroup } from './groupTable.js';
import type { Distribution } from './distribution.js';
import type { Names, Profile } from './profile.js';

/** A distribution as JSON; null if there are no values. */
function distributionJson(values: Distribution): object | null {
  if (values.count === 0) return null;
  const { count, sum, min, mean, max } = values;
  return { count, sum, min, mean, p95: values.quantile(0.95), max };
}

function namesJson(names: Names): object[] {
  return names.heaviest().map(({ key, weight, missed }) =>
    ({ name: key, results: weight - missed, mayMiss: missed }));
}

/** Buckets as [from, to, count]: `from` belongs to the bucket, `to` does not. */
function bucketsJson({ histogram }: Distribution): number[][] {
  return [...histogram.buckets()].map(({ from, to, count }) => [from, to, count]);
}

/** A profile as JSON. Sizes in bytes, times in ms. */
export function profileJson(profile: Profile): object {
  const { example } = profile;
  return {
    executions: profile.executions,
    results: profile.executions - profile.changes,
    changes: profile.changes,
    cuts: profile.cuts,
    wouldCuts: profile.wouldCuts,
    admitted: profile.admitted,
    refusals: profile.refusals,
    wouldRefuses: profile.wouldRefuses,
    lowerBounds: profile.lowerBounds,
    first: timeOf(profile.firstAtMs),
    last: timeOf(profile.lastAtMs),
    rows: distributionJson(profile.rows),
    bytes: distributionJson(profile.bytes),
    largestRowBytes: distributionJson(profile.largestRowBytes),
    requestBytes: profile.requestBytes,
    affectedRows: profile.affectedRows,
    firstRowMs: distributionJson(profile.firstRowMs),
    durationMs: distributionJson(profile.durationMs),
    stallMs: distributionJson(profile.stallMs),
    rowsHistogram: bucketsJson(profile.rows),
    bytesHistogram: bucketsJson(profile.bytes),
    users: namesJson(profile.users),
    schemas: namesJson(profile.schemas),
    programs: namesJson(profile.programs),
    clients: namesJson(profile.clients),
    routes: namesJson(profile.routes),
    example: example === null ? null : { ...example, atMs: undefined, time: timeOf(example.atMs) },
  };
}

function timeOf(atMs: number): string | null {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString() : null;
}

/** A digest of a ranking as JSON. */
export function digestJson({ key, profile, missed }: RankedGroup): object {
  return { digest: key, digestText: profile.digestText, mayMiss: missed, ...profileJson(profile) };
}

/** A group of a ranking by another property as JSON, with the digests in it. */
export function groupJson({ key, profile, missed }: RankedGroup): object {
  const digests = (profile.digests?.heaviest() ?? []).map(({ key: digest, value: { text }, weight, missed: mayMiss }) =>
    ({ digest, digestText: text, results: weight - mayMiss, mayMiss }));
  return { name: key, mayMiss: missed, ...profileJson(profile), digests };
}
