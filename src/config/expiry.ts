import type { Config } from './config.js';
import { formatMoment } from './schema/moment.js';
import { expiryOf, type TlsFiles } from './tlsFiles.js';

/** A rule or a certificate that expires. */
export interface Expiry {
  readonly kind: keyof typeof ANNOUNCED;
  /** The setting that names the end or the file, such as "rules[0].until". */
  readonly path: string;
  /** Its name in messages. */
  readonly name: string;
  /** Its labels in metrics. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its end, in ms since 1970. */
  readonly atMs: number;
}

const DAY_MS = 24 * 3_600_000;

/** The announcements of each kind: how many days before the end, and in which words. */
const ANNOUNCED = {
  rule: { noticeDays: [7, 1], ends: 'ends', ended: 'ended', remedy: 'remove it' },
  certificate: { noticeDays: [14], ends: 'expires', ended: 'expired', remedy: 'replace it' },
} as const;

/** Reads when the certificate in a file expires, in ms since 1970; null if that is not known. */
export type ReadExpiry = (key: 'cert' | 'ca', file: string) => number | null;

/**
 * The rules with `until`, and the certificates, of a configuration.
 * @param readExpiry reads the end of a certificate
 */
export function expiriesIn(
  { listen, upstream, rules }: Pick<Config, 'listen' | 'upstream' | 'rules'>, readExpiry: ReadExpiry = expiryOf,
): Expiry[] {
  const pathOf = (key: string, index: number, count: number): string => (count === 1 ? key : `${key}[${index}]`);
  return [
    ...rules.flatMap(({ name, untilMs }, index) => (untilMs === Infinity ? [] : [ruleExpiry(name, untilMs, index)])),
    ...listen.flatMap(({ tls }, index) =>
      tlsExpiries(tls, 'client', pathOf('listen', index, listen.length), readExpiry)),
    ...upstream.flatMap(({ tls }, index) =>
      tlsExpiries(tls, 'upstream', pathOf('upstream', index, upstream.length), readExpiry)),
  ];
}

/** The stage that it has reached, from 0 on. Each notice begins a stage, and so does the end. */
export function stageOf(expiry: Expiry, nowMs: number): number {
  return stageTimes(expiry).filter((ms) => nowMs >= ms).length;
}

/** The beginning of the next stage, in ms since 1970; Infinity after the end. */
export function nextStageMs(expiry: Expiry, nowMs: number): number {
  return Math.min(...stageTimes(expiry).filter((ms) => ms > nowMs));
}

/** The notice that is due at that time: a line that begins with the setting; null if none is due. */
export function expiryAdvice({ kind, path, name, atMs }: Expiry, nowMs: number): string | null {
  const { noticeDays, ends, ended, remedy } = ANNOUNCED[kind];
  if (nowMs >= atMs) return `${path}: ${name} ${ended} at ${formatMoment(atMs)}; ${remedy}`;
  const days = noticeDays.filter((notice) => nowMs >= atMs - notice * DAY_MS).at(-1);
  if (days === undefined) return null;
  return `${path}: ${name} ${ends} at ${formatMoment(atMs)}, in less than ${days === 1 ? 'a day' : `${days} days`}`;
}

function stageTimes({ kind, atMs }: Expiry): number[] {
  return [...ANNOUNCED[kind].noticeDays, 0].map((days) => atMs - days * DAY_MS);
}

function ruleExpiry(rule: string, atMs: number, index: number): Expiry {
  return { kind: 'rule', path: `rules[${index}].until`, name: `the rule ${rule}`, labels: { rule }, atMs };
}

function tlsExpiries(tls: TlsFiles, peer: 'client' | 'upstream', path: string, readExpiry: ReadExpiry): Expiry[] {
  const names = { cert: 'certificate', ca: 'certificate authority' };
  return (['cert', 'ca'] as const).flatMap((key) => {
    const file = tls[key];
    const atMs = file === undefined ? null : readExpiry(key, file);
    if (file === undefined || atMs === null) return [];
    const name = `the ${names[key]} ${file}`;
    return [{ kind: 'certificate' as const, path: `${path}.tls.${key}`, name, labels: { leg: peer, file }, atMs }];
  });
}
