import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { explain } from '../../src/cli/explain.js';
import { PRESETS } from '../../src/cli/preset.js';
import { askerFrom } from '../../src/cli/subject.js';
import { adviceOn } from '../../src/config/advice.js';
import { load } from '../config/configFile.js';
import { sluice } from './program.js';

const textOf = (name: string): string =>
  readFileSync(new URL(`../../src/presets/${name}.json`, import.meta.url), 'utf8');

/** What `check --as user=agent` says of a statement with the preset `agent`. */
const told = (t: Test, sql: string): string =>
  explain(load(t, textOf('agent')), { ...askerFrom('user=agent'), sql, nowMs: 0 }).join('\n');

t.test('each preset is a configuration without a warning', async (t) => {
  for (const name of PRESETS.keys()) t.strictSame(adviceOn(load(t, textOf(name))), [], name);
});

t.test('prints a preset unchanged, lists all presets, and suggests the one that is close', async (t) => {
  t.match(await sluice(['preset', 'agent']), { code: 0, stdout: textOf('agent') });
  const { stdout } = await sluice(['preset']);
  for (const [name, about] of PRESETS) t.ok(stdout.includes(`  ${name.padEnd(7)}  ${about}\n`), name);
  t.match(await sluice(['preset', 'agents']), { code: 2, stderr: /unknown preset "agents", did you mean agent\?/ });
});

t.test('the preset agent allows 200 rows, more about the schema, and no change', async (t) => {
  t.match(told(t, 'SELECT * FROM orders'), /^limits +200 rows, 256KiB$/m);
  t.match(told(t, '/* sluice: rows=9 */ SELECT * FROM orders'), /^hint +rows=9: ignored/m);
  for (const sql of ['SHOW VARIABLES', 'DESCRIBE orders', 'SELECT * FROM information_schema.columns']) {
    t.match(told(t, sql), /^limits +5000 rows, 1MiB$/m, sql);
  }
  const changes = ['DELETE FROM orders', 'DROP TABLE orders', 'CALL pay()', 'SELECT 1; TRUNCATE orders', 'EXECUTE s'];
  changes.push(
    'GRANT ALL ON *.* TO u', 'FLUSH TABLES', 'LOCK TABLES t WRITE', 'SET GLOBAL a = 1', 'SET PERSIST a = 1',
    "SET PASSWORD = 'x'", 'OPTIMIZE TABLE t', 'REPAIR TABLE t', 'SHUTDOWN', 'KILL 1', "IMPORT TABLE FROM 'x'",
    "BINLOG 'x'", "INSTALL PLUGIN p SONAME 'x'", 'RESET MASTER', "PURGE BINARY LOGS TO 'x'", 'STOP REPLICA',
    "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'x'", "CLONE LOCAL DATA DIRECTORY 'x'",
    "SELECT * FROM orders INTO OUTFILE 'x'",
  );
  for (const sql of changes) t.match(told(t, sql), /^refused +by read-only: /m, sql);
  for (const sql of ['START TRANSACTION READ ONLY', 'SET NAMES utf8mb4', 'USE shop']) {
    t.notMatch(told(t, sql), /^refused/m, sql);
  }
});
