import t from 'tap';
import { digestHash, digestText } from '../../src/sql/digest.js';
import { run } from '../support/run.js';
import { commandLineOf, type Server, startServer } from '../support/servers.js';
import { inCapitals, STATEMENTS, withOtherLayout, withOtherLiterals, withQuotedNames } from './corpus.js';

interface Digest {
  readonly sql: string;
  readonly hash: string;
  readonly text: string;
}

/** The server's digests of those statements that it accepts. */
const digestsOf = async (server: Server, statements: readonly string[]): Promise<Digest[]> => {
  const queries = statements.map((sql, index) => {
    const argument = `CONVERT(0x${Buffer.from(sql).toString('hex')} USING utf8mb4)`;
    return `SELECT ${index}, STATEMENT_DIGEST(${argument}), STATEMENT_DIGEST_TEXT(${argument});`;
  });
  const options = ['--no-defaults', '-uroot', `--socket=${server.socket}`, '--database=shop',
    '--force', '--batch', '--raw', '--skip-column-names'];
  const { stdout } = await run(commandLineOf('mysql'), options, { input: queries.join('\n') });
  return stdout.trimEnd().split('\n').map((line) => {
    const [index = '', hash = '', text = ''] = line.split('\t');
    return { sql: statements[Number(index)] ?? '', hash, text };
  });
};

// Sluice's digest differs on purpose here: MySQL takes a comment for MariaDB as a comment, and does not double a
// backquote.
const isDifferent = (sql: string): boolean => sql.includes('/*M!') || /\w``\w/.test(sql);

t.test('MySQL 9 gives the same digests', async (t) => {
  const server = await startServer(t, 'mysql', ['--max-digest-length=65536']);
  const whole = await digestsOf(server, STATEMENTS);
  t.strictSame(whole.map(({ sql }) => sql), STATEMENTS, 'the server takes every statement of the list');

  const variants = [withOtherLiterals, withOtherLayout, inCapitals, withQuotedNames];
  const varied = await digestsOf(server, variants.flatMap((vary) => STATEMENTS.map(vary)));
  t.ok(varied.length > 2.5 * STATEMENTS.length, `and most of the variants: ${varied.length}`);
  const digests = [...whole, ...varied].filter(({ sql }) => !isDifferent(sql));

  t.test('gives two statements the same digest exactly when MySQL 9 does', (t) => {
    const ours = new Map<string, string>();
    const theirs = new Map<string, string>();
    for (const { sql, hash } of digests) {
      const our = digestHash(digestText(sql));
      if ((ours.get(hash) ?? our) !== our) t.fail(`one digest of the server, two of ours: ${sql}`);
      if ((theirs.get(our) ?? hash) !== hash) t.fail(`one digest of ours, two of the server: ${sql}`);
      ours.set(hash, our);
      theirs.set(our, hash);
    }
    t.equal(ours.size, theirs.size);
    t.ok(ours.size < digests.length / 2, `${digests.length} statements are ${ours.size} to either`);
    t.end();
  });

  t.test('writes the digest text as MySQL 9 does', (t) => {
    t.strictSame(digests.map(({ sql }) => digestText(sql)), digests.map(({ text }) => text));
    t.end();
  });
});
