import t from 'tap';
import { startDemoServer } from '../../src/demo/server.js';
import { CLIENTS, commandLine } from '../support/clients.js';
import { runOk } from '../support/run.js';

const ROWS = 30_000;
const SUM_OF_IDS = (ROWS * (ROWS + 1)) / 2;

const server = await startDemoServer();
const { port } = server.address;
t.teardown(() => server.close());

// sysbench ends with a function that the demo's SQL does not have.
for (const client of CLIENTS.filter(({ name }) => name !== 'sysbench')) {
  await t.test(`${client.name} reads ${ROWS} rows (${client.protocol}) and goes on`, async (t) => {
    const seen = await client.read(port, `SELECT id, label FROM rows_${ROWS}`);
    t.equal(seen.error, null);
    t.equal(seen.rows, ROWS);
    t.equal(seen.sum, SUM_OF_IDS);
    t.equal(seen.after?.answer, 42);
  });
  await t.test(`${client.name} gets an error for a missing table, and goes on`, async (t) => {
    const seen = await client.read(port, 'SELECT id, label FROM nowhere');
    t.equal(seen.error?.code, 1146);
    t.match(seen.error?.message, "Table 'demo.nowhere' doesn't exist");
    t.equal(seen.after?.answer, 42);
  });
}

for (const vendor of ['mariadb', 'mysql'] as const) {
  await t.test(`${vendor} reads values of every type, letters beyond ASCII, and NULL`, async (t) => {
    const { rows, errors } = await commandLine(vendor, port, 'SELECT * FROM orders LIMIT 3, 3;');
    t.strictSame(errors, []);
    t.strictSame(rows, [
      ['4', 'Jim', '2026-01-01 03:00:00', '84.52', 'Zürich'],
      ['5', 'Katherine', '2026-01-01 04:00:00', '769.17', ''],
      ['6', 'Leslie', '2026-01-01 05:00:00', '126.78', 'NULL'],
    ]);
  });

  await t.test(`${vendor} gets the results of several statements up to the wrong one`, async (t) => {
    const four = 'SELECT 1; SELECT id FROM orders LIMIT 2; SET a = 1; SELECT count(*) FROM events';
    const several = `DELIMITER //\n${four}; oops //`;
    const { rows, errors } = await commandLine(vendor, port, several);
    t.strictSame(rows, [['1'], ['1'], ['2'], ['1000000']]);
    t.strictSame(errors.map(({ code, sqlState }) => [code, sqlState]), [[1064, '42000']]);
  });

  await t.test(`${vendor} can run SHOW, DESCRIBE, USE and the usual queries about the session`, async (t) => {
    const { rows, errors } = await commandLine(vendor, port, `
      SHOW DATABASES; USE demo; SELECT DATABASE(); SHOW WARNINGS; SHOW VARIABLES LIKE 'x%';
      SELECT @@version_comment, USER(), VERSION(); BEGIN; ROLLBACK; DESCRIBE rows_7; SHOW TABLES;
    `);
    t.strictSame(errors, []);
    t.strictSame(rows.slice(0, 5), [
      ['demo'],
      ['demo'],
      ['Sluice demo server', 'app@localhost', '8.0.0-sluice-demo'],
      ['id', 'bigint', 'YES', '', 'NULL', ''],
      ['label', 'varchar(32)', 'YES', '', 'NULL', ''],
    ]);
  });
}

t.test('PHP binds parameters of every kind, sends long data, and reads binary rows of every type', async (t) => {
  const out = await runOk('php', ['-r', `
    $db = new mysqli('127.0.0.1', 'app', 'secret', 'demo', ${port});
    $statement = $db->prepare('SELECT ?, ?, ?, ?, ? LIMIT ?');
    [$int, $float, $text, $null, $blob, $limit] = [-7, 2.5, 'Zürich', null, null, 1];
    $statement->bind_param('idssbi', $int, $float, $text, $null, $blob, $limit);
    foreach (['long', ' data'] as $piece) $statement->send_long_data(4, $piece);
    $statement->execute();
    echo json_encode($statement->get_result()->fetch_row()), "\\n";
    [$int, $limit] = [9, 0];
    $statement->execute();
    echo json_encode($statement->get_result()->fetch_row()), "\\n";
    $orders = $db->prepare('SELECT * FROM orders LIMIT 3, 3');
    $orders->execute();
    foreach ($orders->get_result() as $row) echo json_encode(array_values($row)), "\\n";
  `]);
  t.strictSame(out.trim().split('\n').map((line): unknown => JSON.parse(line)), [
    [-7, '2.5', 'Zürich', null, 'long data'],
    null,
    [4, 'Jim', '2026-01-01 03:00:00', '84.52', 'Zürich'],
    [5, 'Katherine', '2026-01-01 04:00:00', '769.17', ''],
    [6, 'Leslie', '2026-01-01 05:00:00', '126.78', null],
  ]);
});

t.test('PHP fetches from a server cursor piece by piece to the end', async (t) => {
  const out = await runOk('php', ['-r', `
    $db = new mysqli('127.0.0.1', 'app', 'secret', 'demo', ${port});
    $statement = $db->prepare('SELECT id FROM rows_1000 LIMIT ?');
    $statement->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
    foreach ([0, 1, 999] as $limit) {
      $statement->bind_param('i', $limit);
      $statement->execute();
      $statement->bind_result($id);
      for ($sum = 0; $statement->fetch(); $sum += $id);
      echo "$sum ";
    }
  `]);
  t.equal(out, '0 1 499500 ');
});

t.test('Perl prepares statements on the server', async (t) => {
  const out = await runOk('perl', ['-MDBI', '-e', `
    my $source = 'DBI:mysql:database=demo;host=127.0.0.1;port=${port};mysql_server_prepare=1';
    my $db = DBI->connect($source, 'app', 'secret', { RaiseError => 1 });
    my $statement = $db->prepare('SELECT ?, ?');
    for my $text ('a', 'bc') {
      $statement->execute($text, undef);
      print join(',', map { $_ // 'NULL' } $statement->fetchrow_array), ' ';
    }
  `]);
  t.equal(out, 'a,NULL bc,NULL ');
});
