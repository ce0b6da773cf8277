/**
 * Finds where the URL of a database names its server, so that another address can stand there. All else is kept as it
 * is, byte for byte: no part is decoded and written anew.
 * @throws {UrlError} if there is no such place, or the server is named elsewhere as well; its message holds no secret
 */
export function urlPlace(url: string): UrlPlace {
  const [, scheme, authority, rest] = URL_PARTS.exec(url) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) {
    throw new UrlError(`expected ${EXAMPLE}, and it holds no URL`);
  }
  refuseScheme(scheme);
  const hostAt = authority.lastIndexOf('@') + 1;
  const server = authority.slice(hostAt);
  if (SEVERAL.test(server)) throw new UrlError(`expected one host, and it lists several: ${USE_OTHERS}`);
  if (!ONE_HOST.test(server) || (hostAt === 0 && UNESCAPED.test(rest))) throw new UrlError(EXPECTED_SERVER);
  if (SOCKET.test(rest)) throw new UrlError('it names a Unix socket, which bypasses Sluice: leave that out');
  // In the environment, bytes that are no UTF-8 have become U+FFFD already.
  if (url.includes('\ufffd')) throw new UrlError('expected text in UTF-8');
  return { before: `${scheme}//${authority.slice(0, hostAt)}`, server, behind: rest };
}

/** A URL's host and port, and the parts around them. */
export interface UrlPlace {
  readonly before: string;
  /** `host`, `host:port`, or nothing. */
  readonly server: string;
  readonly behind: string;
}

/** A text is no URL in which a server's address can be replaced. */
export class UrlError extends Error {}

/** Scheme, authority and the rest (RFC 3986, 3). JDBC's schemes have several parts, and end before the "//". */
const URL_PARTS = /^((?:[a-z0-9+._-]+:)+)\/\/([^/?#]*)(.*)$/is;
const ONE_HOST = /^(?:\[[^\]]*\]|[^:[\]]*)(?::\d*)?$/;
/** "h1:3306,h2:3306", and Connector/J's "(host=h1,port=3306)" and "address=(host=h1)". */
const SEVERAL = /[,()]/;
/** An "@" of the authority that stands after its end. One in a parameter's value stands after "=". */
const UNESCAPED = /^[^=]*@/;
/** PyMySQL, mysqli and Rails, Prisma, mysql2, MariaDB Connector/J. */
const SOCKET = /[?&](?:unix_socket|socket|socketPath|localSocket)=[^&]/i;

const EXAMPLE = 'a URL such as mysql://user@host:3306/schema';
const EXPECTED_SERVER =
  'expected HOST or HOST:PORT after user and password: write / ? # @ in those as %2F %3F %23 %40';
const USE_OTHERS = 'give the program SLUICE_HOST and SLUICE_PORT instead';

function refuseScheme(scheme: string): void {
  const refuse = (why: string): never => {
    throw new UrlError(`${JSON.stringify(scheme)} ${why}`);
  };
  if (!/mysql|maria|trilogy/i.test(scheme)) refuse(`is not of MySQL or MariaDB: expected ${EXAMPLE}`);
  if (/^mysqlx/i.test(scheme)) refuse('is the X protocol, which Sluice does not speak: use the classic one');
  if (/\+srv:/i.test(scheme)) refuse(`has its hosts from DNS: ${USE_OTHERS}`);
  if (/:tc:/i.test(scheme)) refuse(`starts a container, whatever the host is: ${USE_OTHERS}`);
}
