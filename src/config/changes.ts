import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { isSection, join, type Section } from './schema/section.js';
import { settings } from './settings.js';

// The settings that differ between two configurations.

function* changesIn(section: Section<unknown>, before: unknown, after: unknown, path: string): Generator<string> {
  for (const { property, key, kind } of section.fields) {
    const [old, now]: unknown[] = [Object(before)[property], Object(after)[property]];
    if (isDeepStrictEqual(old, now)) continue;
    const hasParts = isSection(kind) && old !== null && now !== null;
    const within = hasParts ? [...changesIn(kind, old, now, join(path, key))] : [];
    if (within.length > 0) yield* within;
    else yield join(path, key);
  }
}

/** The keys whose values differ between two configurations, such as `limits.rows`, in the order of the settings. */
export function changedKeys(before: Config, after: Config): string[] {
  return [...changesIn(settings, before, after, '')];
}
