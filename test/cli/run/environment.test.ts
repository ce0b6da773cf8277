import t from 'tap';
import { environmentFor, rewritesOf } from '../../../src/cli/run/environment.js';
import { UsageError } from '../../../src/cli/command.js';

t.test('the command finds the proxy in variables, and in each URL that is to be rewritten', (t) => {
  const own = { PATH: '/bin', MYSQL_HOST: 'db', ONE: 'mysql://app:s%2Fecret@db:3306/shop', TWO: 'jdbc:mysql://db/shop' };
  const rewrites = rewritesOf(['ONE', 'TWO'], own);
  t.strictSame(environmentFor({ host: '127.0.0.1', port: 4711 }, rewrites, own), {
    PATH: '/bin', MYSQL_HOST: '127.0.0.1', MYSQL_TCP_PORT: '4711', SLUICE_HOST: '127.0.0.1', SLUICE_PORT: '4711',
    ONE: 'mysql://app:s%2Fecret@127.0.0.1:4711/shop', TWO: 'jdbc:mysql://127.0.0.1:4711/shop',
  });
  t.match(environmentFor({ host: '::1', port: 1 }, rewrites, own), {
    SLUICE_HOST: '::1', ONE: 'mysql://app:s%2Fecret@[::1]:1/shop',
  });
  t.end();
});

t.test('names all variables without a URL at once', (t) => {
  const own = { EMPTY: '', GOOD: 'mysql://db/shop', OTHER: 'postgres://db/shop' };
  try {
    rewritesOf(['EMPTY', 'GOOD', 'MISSING', 'OTHER'], own);
    t.fail('it throws');
  } catch (error) {
    t.match(error instanceof UsageError && error.problems, [
      /^--rewrite EMPTY: expected a URL such as mysql:.*, and it holds no URL$/,
      /^--rewrite MISSING: the environment has no such variable$/,
      /^--rewrite OTHER: "postgres:" is not of MySQL or MariaDB/,
    ]);
  }
  t.end();
});
