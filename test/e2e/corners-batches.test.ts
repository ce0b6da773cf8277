import { fileURLToPath } from 'node:url';
import t from 'tap';
import { runOk } from '../support/run.js';
import { APP } from '../support/seed.js';
import { SERVER_KINDS, startServer } from '../support/servers.js';
import { startSluice } from '../support/sluice.js';

// MariaDB's Java driver sends batches as bulk commands when the server knows these, and otherwise as many commands
// ahead of their answers.

const JDBC = process.env['SLUICE_JDBC'] ?? '/usr/share/java/mariadb-java-client.jar';
const SOURCE = fileURLToPath(new URL('../fixtures/programs/Batches.java', import.meta.url));

const folder = t.testdir();
await runOk('javac', ['-d', folder, SOURCE]);

const SETUP = `USE shop;
CREATE TABLE words (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, word VARCHAR(40));
DELIMITER //
CREATE PROCEDURE out_parameter(IN n INT, OUT total INT) BEGIN
  SELECT id FROM numbers WHERE id <= n;
  SET total = 2 * n;
END //
`;

/** Runs the program. It prints the number of its error, and its OUT parameter. */
const batches = (port: number): Promise<string> => runOk('java', ['-XX:TieredStopAtLevel=1', '-cp',
  `${folder}:${JDBC}`, 'Batches', '127.0.0.1', String(port), APP.user, APP.password, APP.schema]);

for (const kind of SERVER_KINDS) {
  await t.test(`batches of MariaDB Connector/J reach ${kind} as they do without Sluice`, async (t) => {
    const server = await startServer(t, kind);
    const sluice = await startSluice(t, { upstream: server.port, config: { onUnparsed: 'close' } });
    await server.sql(SETUP);
    const words = async (): Promise<string[][]> => server.sql('SELECT word FROM shop.words ORDER BY word');
    const before = await words();
    const direct = await batches(server.port);
    const once = await words();
    t.equal(once.length, before.length + 3);
    t.equal(await batches(sluice.port), direct);
    t.equal((await words()).length, before.length + 6, 'each word has arrived once more');
    await sluice.stop();
    t.same(sluice.log().filter(({ msg }) => msg.startsWith('cannot follow')), []);
    t.same(sluice.records(), []);
  });
}
