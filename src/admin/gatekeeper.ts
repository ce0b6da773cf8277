import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Lets requests in. Without a token, whoever shares the loopback interface may ask everything and others only what is
 * public; with one, everything that is not public needs it.
 *
 * A web page that somebody looks at on this host can make a browser send requests here, too. It cannot read the token,
 * nor send a request of another origin without saying so (`Origin`, `Sec-Fetch-Site`); and where it has its own name
 * resolved to 127.0.0.1, the name stands in the Host header.
 */
export class Gatekeeper {
  private readonly expected: Buffer | null;

  /** @param token null for none */
  constructor(token: string | null) {
    this.expected = token === null ? null : digest(token);
  }

  /** Returns null where the request is let in. */
  refusal(knock: Knock): Refusal | null {
    const { headers } = knock;
    const hasToken = this.hasToken(headers.authorization);
    if (!hasToken && isLoopback(knock.remoteAddress) && !this.isHere(headers.host ?? '')) {
      return { status: 421, says: 'the Host header names another host: ask for 127.0.0.1, [::1] or localhost' };
    }
    if (knock.changesState && this.isOfWebPage(headers)) {
      return { status: 403, says: 'requests of web pages are refused: use a program such as curl' };
    }
    if (knock.isPublic || hasToken) return null;
    if (this.expected !== null) {
      return { status: 401, says: 'needs the token of admin.tokenFile: Authorization: Bearer TOKEN' };
    }
    if (isLoopback(knock.remoteAddress)) return null;
    return { status: 403, says: 'answers only over loopback, unless admin.tokenFile is set' };
  }

  private hasToken(authorization: string | undefined): boolean {
    const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    return given !== undefined && this.expected !== null && timingSafeEqual(digest(given), this.expected);
  }

  private isHere(hostHeader: string): boolean {
    const host = hostOf(hostHeader);
    return isIP(host) !== 0 || host.toLowerCase() === 'localhost';
  }

  /** What a page can make a browser send: an origin, or one of the three types that need no leave. */
  private isOfWebPage(headers: IncomingHttpHeaders): boolean {
    const type = headers['content-type'] ?? '';
    const isFormType = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i.test(type);
    return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined || isFormType;
  }
}

/** A request that is turned away: its status, and why, as one line. */
export interface Refusal {
  readonly status: number;
  readonly says: string;
}

/** What is known of a request before it is answered. */
export interface Knock {
  readonly headers: IncomingHttpHeaders;
  /** The client's end of the connection. */
  readonly remoteAddress: string;
  /** Whether everybody who can connect may ask this. */
  readonly isPublic: boolean;
  /** Whether it changes anything. */
  readonly changesState: boolean;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** The host of a Host header, without its port and without brackets. */
function hostOf(header: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(header) ?? [];
  return bracketed ?? plain ?? '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
