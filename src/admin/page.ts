import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The live page: one document that needs nothing else, and a policy that lets nothing else in. */
export interface Page {
  readonly html: string;
  /** For the header `content-security-policy`. */
  readonly policy: string;
}

/** The scripts of the page, in the order in which they need each other; they make one. */
const SCRIPTS = ['amounts.js', 'charts.js', 'tables.js', 'live.js'];

function part(name: string): string {
  return readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');
}

/** How a policy names the only script, or style sheet, that may be (CSP level 2, 4.2.5). */
function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * Puts the page together from the files beside this one.
 * @throws the file system's error where they are not there
 */
export function livePage(): Page {
  const style = part('style.css');
  const script = `'use strict';\n${SCRIPTS.map(part).join('\n')}`;
  // Put in by functions: in a text, `$&` and its like would mean something.
  const html = part('page.html').replace('/*style*/', () => style).replace('/*script*/', () => script);
  const policy = [
    "default-src 'none'", `script-src ${hashSource(script)}`, `style-src ${hashSource(style)}`,
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}
