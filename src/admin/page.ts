import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The live page: one document that loads no other file, and a policy that allows no other. */
export interface Page {
  readonly html: string;
  /** For the header `content-security-policy`. */
  readonly policy: string;
}

/** The scripts of the page, in the order of their dependencies. They are joined to one. */
const SCRIPTS = [
  'amounts.js', 'charts.js', 'tables.js', 'events.js', 'orders.js', 'sessions.js', 'about.js', 'live.js',
];

function part(name: string): string {
  return readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');
}

/** The text of `sluice help troubleshooting`. The page has a link to it. */
export function runbook(): string {
  return readFileSync(new URL('../help/troubleshooting.md', import.meta.url), 'utf8');
}

/** The policy's name of the only script or style sheet that is allowed (CSP level 2, 4.2.5). */
function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * Builds the page from the files in the folder `page`.
 * @throws the file system's error if they are not there
 */
export function livePage(): Page {
  const style = part('style.css');
  const script = `'use strict';\n${SCRIPTS.map(part).join('\n')}`;
  // Functions insert the parts, because `$&` and the like have a meaning in a replacement text.
  const html = part('page.html').replace('/*style*/', () => style).replace('/*script*/', () => script);
  const policy = [
    "default-src 'none'", `script-src ${hashSource(script)}`, `style-src ${hashSource(style)}`,
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}
