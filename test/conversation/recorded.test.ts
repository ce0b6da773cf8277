import t, { type Test } from 'tap';
import { allFrom, eventsOf, everySplit, type Outcome, type Turn } from '../support/conversationHarness.js';
import { fixtureNames, loadFixture } from '../support/recorder.js';

// Conversations of real clients with MariaDB 10.11 and MySQL 9.7, recorded without a proxy. The expected counts were
// written by hand from the SQL, which is in `fixtures/record.ts` and `fixtures/scenarios.ts`.

/**
 * Each usage as `text: rows in result sets`, with `!code` when the server ended it with an error. The last line counts
 * the cursors.
 */
const usagesOf = (outcome: Outcome): string[] => {
  const cursors = eventsOf(outcome, 'cursorOpened').length;
  const usages = eventsOf(outcome, 'usageEnded').map(({ text, rows, resultSets, error }) => {
    const failure = error === null ? '' : ` !${String(error)}`;
    return `${String(text).slice(0, 50)}: ${String(rows)} in ${String(resultSets)}${failure}`;
  });
  return cursors === 0 ? usages : [...usages, `cursors: ${cursors}`];
};

/** The server's bytes without the capabilities that a proxy cannot follow, found by the layout of the greeting. */
const withClearedGreeting = (bytes: Buffer): Buffer => {
  const cleared = Buffer.from(bytes);
  const fixed = cleared.indexOf(0, 5) + 1;
  const clear = (offset: number, mask: number): void => void (cleared[fixed + offset]! &= ~mask);
  clear(13, 1 << 5); // COMPRESS
  clear(14, 1 << 3); // SSL
  clear(19, (1 << 2) | (1 << 5)); // ZSTD, and bit 29, which means nothing
  return cleared;
};

const withClearedResponse = (bytes: Buffer): Buffer => {
  const cleared = Buffer.from(bytes);
  cleared[4]! &= ~(1 << 5);
  cleared[5]! &= ~(1 << 3);
  cleared[7]! &= ~((1 << 2) | (1 << 5));
  return cleared;
};

const play = (t: Test, name: string): Outcome => {
  const turns: Turn[] = loadFixture(name);
  const outcome = everySplit(t, turns);
  t.ok(outcome.toClient.equals(withClearedGreeting(allFrom('server', turns))),
    'the client gets what the server sent');
  t.ok(outcome.toServer.equals(withClearedResponse(allFrom('client', turns))),
    'the server gets what the client sent');
  t.same([outcome.undecidedFromClient, outcome.undecidedFromServer], [0, 0], 'nothing is undecided');
  return outcome;
};

/** Everything that began has ended. */
const isSettled = (t: Test, outcome: Outcome): void => {
  t.same(eventsOf(outcome, 'unparsed'), [], 'all of it is followed');
  t.equal(outcome.conversation.commands.length, 0, 'every command is answered');
  t.equal(eventsOf(outcome, 'usageStarted').length, eventsOf(outcome, 'usageEnded').length,
    'every usage has ended');
};

const NUMBERS = (last: number): string => `SELECT id, label FROM numbers WHERE id <= ${last}`;

const TEXT = [
  `${NUMBERS(3)}: 3 in 1`, 'SELECT id FROM nothing: 0 in 1', "SELECT NULL, 'a': 1 in 1",
  "SELECT '', 'a': 1 in 1",
  `SELECT REPEAT('x', 300)${', 1'.repeat(8)}, 1: 1 in 1`, 'SELECT DATABASE(): 1 in 1',
];
const PREPARED = [
  `${'SELECT id, label FROM numbers WHERE id <= ? AND label <> ?'.slice(0, 50)}: 3 in 1`,
  `${'SELECT id, label FROM numbers WHERE id <= ? AND label <> ?'.slice(0, 50)}: 3 in 1`,
  'SELECT 8: 1 in 1', 'SELECT 9: 1 in 1', 'SELECT 10: 1 in 1',
];
const CURSOR = [
  `${NUMBERS(5)}: 5 in 1`, `${NUMBERS(5)}: 0 in 0 !1421`, // read to its end, then once more
  `${NUMBERS(5)}: 2 in 1`, `${NUMBERS(5)}: 0 in 0 !1421`, // reset
  `${NUMBERS(5)}: 1 in 1`, `${NUMBERS(5)}: 3 in 1`, // executed again, then closed
  'SELECT 8: 1 in 1', 'SELECT id FROM nothing: 0 in 1', "SHOW TABLES LIKE 'nu%': 1 in 1",
  `${NUMBERS(2)}: 2 in 1`, `${NUMBERS(2)}: 1 in 1`, // without a cursor, then with one, reset with the session
  'null: 0 in 0 !1243', 'SELECT 9: 1 in 1', 'cursors: 7',
];
const CALLS = [
  'CALL two_results(): 5 in 2', 'SELECT 1; SELECT nosuch; SELECT 2: 1 in 1 !1054',
  'DO 1; CALL two_results(); SELECT 3; DO 2: 6 in 3', 'CALL own_cursor(): 4 in 1',
  'CALL own_cursor(): 4 in 1',
  'CALL own_cursor(): 4 in 1', 'CALL out_parameter(?, ?): 3 in 2', 'CALL out_parameter(?, ?): 3 in 2',
  'CALL own_cursor_out(?): 1 in 1', 'CALL two_results(): 5 in 2', 'CALL swallowed(): 3 in 2',
  'SELECT 9: 1 in 1',
];
const INFILE = ["SELECT 1; LOAD DATA LOCAL INFILE 'lines' INTO TABL: 2 in 2", 'SELECT 9: 1 in 1'];
const CHANGED_USER = [
  `${NUMBERS(3)}: 1 in 1`, 'SELECT USER(), DATABASE(): 1 in 1', 'null: 0 in 0 !1243',
  'SELECT id FROM shop.numbers WHERE id <= 3: 1 in 1',
];
const PIPELINED = [`${NUMBERS(3)}: 3 in 1`, 'SELECT 4: 1 in 1', 'SELECT 5: 1 in 1', 'SELECT 6: 1 in 1'];
const OPTIONAL_METADATA = [
  `${NUMBERS(3)}: 3 in 1`, `${NUMBERS(4)}: 4 in 1`, 'CALL two_results(): 5 in 2',
  'SELECT id, label FROM numbers WHERE id <= ?: 2 in 1',
  'SELECT id, label FROM numbers WHERE id <= ?: 2 in 1',
  'SELECT 9: 1 in 1', 'cursors: 1',
];
const CACHED_METADATA = [
  `${NUMBERS(3)}: 3 in 1`, `${NUMBERS(4)}: 4 in 1`, `${NUMBERS(4)}: 4 in 1`, `${NUMBERS(4)}: 3 in 1`,
  `${NUMBERS(4)}: 4 in 1`,
  `${NUMBERS(2)}: 2 in 1`, 'CALL two_results(): 5 in 2', 'CALL two_results(): 5 in 2', 'null: 1 in 1',
  'SELECT 9: 1 in 1',
  'cursors: 1',
];
const BULK = ['INSERT INTO words (word) VALUES (?) RETURNING id, : 2 in 1', 'SELECT 9: 1 in 1'];

/** The expected usages of each recording by the script client, in both dialects. */
const SCENARIOS: Record<string, readonly string[]> = {
  'mariadb/raw-text': TEXT, 'mysql/raw-text': TEXT,
  'mariadb/raw-commands': ['null: 1 in 1', 'SELECT 3: 1 in 1', 'SELECT DATABASE(): 1 in 1'],
  'mysql/raw-commands': ['SELECT 3: 1 in 1', 'SELECT DATABASE(): 1 in 1'], // without PROCESS_INFO
  'mariadb/raw-prepared': PREPARED, 'mysql/raw-prepared': PREPARED,
  'mariadb/raw-cursor': CURSOR, 'mysql/raw-cursor': CURSOR,
  'mariadb/raw-calls': CALLS, 'mysql/raw-calls': CALLS,
  'mariadb/raw-infile': INFILE, 'mysql/raw-infile': INFILE,
  'mariadb/raw-change-user': [
    ...CHANGED_USER, 'SELECT USER(), DATABASE(): 1 in 1', 'null: 0 in 0 !1243', 'SELECT 9: 1 in 1',
    'cursors: 2',
  ],
  'mysql/raw-change-user': [...CHANGED_USER, 'cursors: 2'], // closes when it is refused
  'mariadb/raw-pipelined': [
    PIPELINED[0]!, PIPELINED[1]!, `${NUMBERS(2)}: 2 in 1`, ...PIPELINED.slice(2), // executes the last one
  ],
  'mysql/raw-pipelined': PIPELINED,
  'mysql/raw-optional-metadata': OPTIONAL_METADATA, 'mariadb/raw-cached-metadata': CACHED_METADATA,
  'mysql/raw-query-attributes': [
    `${NUMBERS(3)}: 3 in 1`, ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((count) => `SELECT ${count}: 1 in 1`),
  ],
  'mariadb/raw-bulk': BULK, 'mariadb/raw-progress': ['SELECT 9: 1 in 1'],
  'mariadb/raw-killed': ['SELECT CONNECTION_ID(): 1 in 1'],
  'mysql/raw-killed': ['SELECT CONNECTION_ID(): 1 in 1'],
  'mariadb/raw-timed-out': [], 'mysql/raw-timed-out': [],
};

for (const [scenario, usages] of Object.entries(SCENARIOS)) {
  for (const dialect of ['eof', 'deprecate-eof']) {
    await t.test(`counts ${scenario}, ${dialect}, at any split`, async (t) => {
      const outcome = play(t, `${scenario}-${dialect}`);
      isSettled(t, outcome);
      t.same(usagesOf(outcome), usages);
    });
  }
}

const names = ['mariadb', 'mysql'].flatMap(fixtureNames);

for (const name of names.filter((name) => name.includes('/client-'))) {
  await t.test(`${name}: counts its 20 rows and the next result, at any split`, async (t) => {
    const outcome = play(t, name);
    isSettled(t, outcome);
    const [result, after] = eventsOf(outcome, 'usageEnded').slice(-2);
    const isBinary = /prepared|server-cursor/.test(name);
    // Text: two lengths, the id's digits, the label "row " and the digits again. Binary: 0x00, bitmap, 4
    // bytes, label.
    const digits = 9 + 11 * 2;
    const bytes = isBinary ? 20 * (4 + 2 + 4 + 1 + 4) + digits : 20 * (4 + 2 + 4) + 2 * digits;
    t.match(result, { text: NUMBERS(20), rows: 20, bytes, columns: 2, resultSets: 1, error: null });
    t.match(after, { rows: 1, resultSets: 1, error: null });
    t.match(eventsOf(outcome, 'identified'), [{ user: 'app', schema: 'shop' }]);
  });
}

await t.test('follows the command lines: field lists, a file and an error', async (t) => {
  for (const vendor of ['mariadb', 'mysql']) {
    for (const server of ['mariadb', 'mysql']) {
      const outcome = play(t, `${server}/${vendor}-cli`);
      isSettled(t, outcome);
      t.same(usagesOf(outcome).slice(-3), [
        `${NUMBERS(3)}: 3 in 1`, 'SELECT 1; SELECT 2 WHERE FALSE; SELECT 3: 2 in 3',
        'CALL two_results(): 5 in 2',
      ]);
    }
  }
});

await t.test('follows PHP: several results and a prepared CALL', async (t) => {
  for (const server of ['mariadb', 'mysql']) {
    const outcome = play(t, `${server}/php-calls`);
    isSettled(t, outcome);
    t.same(usagesOf(outcome), [
      'CALL two_results(): 5 in 2', 'SELECT id FROM numbers WHERE id <= 3; SELECT nosuc: 3 in 1 !1054',
      'SELECT 1; DO 1; SELECT id, label FROM numbers WHER: 5 in 2',
      'CALL out_parameter(?, ?): 3 in 1', // PHP does not take OUT parameters
    ]);
  }
});

await t.test('follows Java: batches sent ahead or in bulk, and an OUT parameter', async (t) => {
  for (const server of ['mariadb', 'mysql']) {
    const outcome = play(t, `${server}/java-batches`);
    isSettled(t, outcome);
    t.equal(usagesOf(outcome).at(-1), 'CALL out_parameter(?, ?): 4 in 2');
  }
});

await t.test('follows the administration programs and their rare commands', async (t) => {
  for (const server of ['mariadb', 'mysql']) {
    for (const program of ['mysqladmin', 'mariadb-admin']) {
      const outcome = play(t, `${server}/${program}`);
      isSettled(t, outcome);
      t.equal(eventsOf(outcome, 'usageEnded').length, 1);
    }
  }
});

await t.test("an authentication in several rounds ends with the server's OK", async (t) => {
  for (const [name, user] of [
    ['mysql/caching-sha2-full', 'app'], ['mysql/sha256', 'old'], ['mariadb/ed25519', 'ed'],
  ] as const) {
    const outcome = play(t, name);
    isSettled(t, outcome);
    t.match(eventsOf(outcome, 'identified'), [{ user }], name);
    t.equal(eventsOf(outcome, 'ready').length, 1, name);
    t.equal(usagesOf(outcome).at(-1), 'SELECT 7: 1 in 1', name);
  }
});

await t.test('a refused client is not ready', async (t) => {
  const refused = ['mariadb', 'mysql'].flatMap((server) =>
    [`${server}/wrong-password`, `${server}/unknown-schema`]);
  for (const name of refused) {
    const outcome = play(t, name);
    t.same(eventsOf(outcome, 'ready'), [], name);
    t.equal(outcome.conversation.phase, 'refused', name);
  }
});

await t.test('goes on after an answer of MySQL 9.7 that no client can read', async (t) => {
  // Executed first with a cursor, then without: definitions, then an OK packet in place of rows.
  for (const dialect of ['eof', 'deprecate-eof']) {
    const outcome = play(t, `mysql/raw-cursor-first-${dialect}`);
    t.equal(usagesOf(outcome)[0], `${NUMBERS(2)}: 2 in 1`);
  }
});

await t.test('plays every recording', async (t) => {
  const scenarios = Object.keys(SCENARIOS).flatMap((name) => [`${name}-eof`, `${name}-deprecate-eof`]);
  const others = [
    'php-calls', 'java-batches', 'mysqladmin', 'mariadb-admin', 'caching-sha2-full', 'sha256', 'ed25519',
    'wrong-password',
    'unknown-schema', 'mariadb-cli', 'mysql-cli', 'raw-cursor-first-eof', 'raw-cursor-first-deprecate-eof',
  ];
  t.same(names.filter((name) => !scenarios.includes(name) && !name.includes('/client-')
    && !others.includes(name.slice(name.indexOf('/') + 1))), []);
});
