import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Decides which requests are allowed. Without a token, clients on the loopback interface may ask everything, and others
 * only public paths. With a token, every path that is not public needs it.
 *
 * A web page in a browser on this host can send requests here too. It cannot read the token. It cannot send a request
 * from another origin without a header that shows it (`Origin`, `Sec-Fetch-Site`). If the page's own name resolves to
 * 127.0.0.1, that name stands in the Host header. The live page is of this very origin: its changes are allowed.
 */
export class Gatekeeper {
  private readonly expected: Buffer | null;

  /** @param token null for none */
  constructor(token: string | null) {
    this.expected = token === null ? null : digest(token);
  }

  /** Returns null if the request is allowed. */
  refusal(knock: Knock): Refusal | null {
    const { headers } = knock;
    const hasToken = this.hasToken(headers.authorization);
    if (!hasToken && isLoopback(knock.remoteAddress) && !this.isHere(headers.host ?? '')) {
      return { status: 421, says: 'the Host header names another host: ask for 127.0.0.1, [::1] or localhost' };
    }
    if (knock.changesState && this.isOfWebPage(headers)) {
      return { status: 403, says: 'requests of other web pages are refused: use the live page or curl' };
    }
    if (knock.isPublic || hasToken) return null;
    if (this.expected !== null) {
      return { status: 401, says: 'needs the token of this endpoint: Authorization: Bearer TOKEN' };
    }
    if (isLoopback(knock.remoteAddress)) return null;
    return { status: 403, says: 'answers only over loopback, unless admin.tokenFile or SLUICE_ADMIN_TOKEN is set' };
  }

  /** Whether a header `Authorization` shows the token; false where there is none. */
  hasToken(authorization: string | undefined): boolean {
    const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    return given !== undefined && this.expected !== null && timingSafeEqual(digest(given), this.expected);
  }

  private isHere(hostHeader: string): boolean {
    const host = hostOf(hostHeader);
    return isIP(host) !== 0 || host.toLowerCase() === 'localhost';
  }

  /**
   * Whether a web page of another origin may have sent the request: it names one, or has one of the three content types
   * that need no permission.
   */
  private isOfWebPage({ origin, host, ...headers }: IncomingHttpHeaders): boolean {
    const type = headers['content-type'] ?? '';
    const isFormType = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i.test(type);
    const isOtherOrigin = origin !== undefined && ![`http://${host}`, `https://${host}`].includes(origin);
    const isOtherSite = (headers['sec-fetch-site'] ?? 'same-origin') !== 'same-origin';
    return isFormType || isOtherOrigin || isOtherSite;
  }
}

/** The refusal of a request: its status, and the reason in one line. */
export interface Refusal {
  readonly status: number;
  readonly says: string;
}

/** The known facts about a request before its answer. */
export interface Knock {
  readonly headers: IncomingHttpHeaders;
  /** The client's address. */
  readonly remoteAddress: string;
  /** Whether the path is public. */
  readonly isPublic: boolean;
  /** Whether the request changes anything. */
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
