import t from 'tap';
import { UrlError, urlPlace } from '../../../src/cli/run/urlPlace.js';

/** The URL with `@@` where the address of the server stood. */
function marked(url: string): string {
  const { before, behind } = urlPlace(url);
  return `${before}@@${behind}`;
}

t.test('finds the host and the port in the URLs of drivers and frameworks', (t) => {
  const urls: readonly (readonly [url: string, marked: string])[] = [
    ['mysql://app:secret@db.example.com:3306/shop', 'mysql://app:secret@@@/shop'],
    ['mysql://db/shop', 'mysql://@@/shop'],
    ['mysql2://app@db:3306/shop?pool=5&encoding=utf8mb4', 'mysql2://app@@@/shop?pool=5&encoding=utf8mb4'],
    ['mariadb://app:@[2001:db8::1]:3306/shop', 'mariadb://app:@@@/shop'],
    ['mysql+pymysql://app:p%40ss%2F@db/shop', 'mysql+pymysql://app:p%40ss%2F@@@/shop'],
    ['pdo-mysql://app:p@ss@db:3306', 'pdo-mysql://app:p@ss@@@'],
    ['mysql://app:geheim%C3%9F ö@db', 'mysql://app:geheim%C3%9F ö@@@'],
    ['jdbc:mysql://db:3306/shop?user=app&password=p@ss:word/', 'jdbc:mysql://@@/shop?user=app&password=p@ss:word/'],
    ['jdbc:mariadb:sequential://db/shop', 'jdbc:mariadb:sequential://@@/shop'],
    ['jdbc:p6spy:mysql://db/shop', 'jdbc:p6spy:mysql://@@/shop'],
    ['r2dbc:pool:mysql://app:secret@db:3306/shop', 'r2dbc:pool:mysql://app:secret@@@/shop'],
    ['jdbc:mysql:///shop', 'jdbc:mysql://@@/shop'],
    ['MYSQL://db:/shop#frag', 'MYSQL://@@/shop#frag'],
    ['trilogy://app:secret@db/shop\n', 'trilogy://app:secret@@@/shop\n'],
  ];
  t.strictSame(urls.map(([url]) => [url, marked(url)]), urls);
  t.end();
});

t.test('refuses a URL whose server cannot be replaced, with the reason and no password', (t) => {
  const refused: readonly (readonly [url: string, why: RegExp])[] = [
    ['', /expected a URL such as mysql:\/\/user@host:3306\/schema, and it holds no URL/],
    ['pa55word', /no URL/],
    ['app:pa55word@tcp(db:3306)/shop', /no URL/],
    ['Server=db;Password=pa55word', /no URL/],
    ['postgres://app:pa55word@db/shop', /^"postgres:" is not of MySQL or MariaDB/],
    ['mysqlx://app:pa55word@db/shop', /X protocol/],
    ['jdbc:mysql+srv://app:pa55word@db/shop', /hosts from DNS/],
    ['jdbc:tc:mysql:8.0.36:///shop', /starts a container/],
    ['mysql://app:pa55word@one:3306,two:3306/shop', /lists several: give the program SLUICE_HOST and SLUICE_PORT/],
    ['jdbc:mysql:replication://one,two/shop?password=pa55word', /lists several/],
    ['jdbc:mysql://(host=one,port=3306),(host=two)/shop', /lists several/],
    ['jdbc:mariadb://address=(host=one)(port=3306)/shop', /lists several/],
    ['mysql://app:12/pa55word@db/shop', /as %2F %3F %23 %40/],
    ['mysql://app:pa55word#1@db/shop', /as %2F %3F %23 %40/],
    ['mysql://2001:db8::1/shop', /expected HOST or HOST:PORT/],
    ['mysql+pymysql://app:pa55word@localhost/shop?unix_socket=/run/mysqld.sock', /names a Unix socket/],
    ['mysql://app:pa55word@localhost/shop?a=b&socketPath=%2Frun%2Fmysqld.sock', /names a Unix socket/],
    ['mysql://app:pa55word\ufffd@db/shop', /UTF-8/],
  ];
  for (const [url, why] of refused) {
    t.throws(() => urlPlace(url), { constructor: UrlError, message: why }, url);
    try {
      urlPlace(url);
    } catch (error) {
      t.notMatch(String(error), 'pa55word', url);
    }
  }
  t.end();
});
