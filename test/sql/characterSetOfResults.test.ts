import t from 'tap';
import { characterSetOfResults } from '../../src/sql/characterSetOfResults.js';

t.test('reads each way to set the character set of results, and no other statement', (t) => {
  for (const sql of [
    'SET NAMES latin1', "set names 'latin1'", 'SET NAMES "latin1" ;', "SET NAMES latin1 COLLATE 'latin1_bin'",
    'SET CHARACTER SET latin1', 'SET CHARSET latin1', 'SET character_set_results = latin1',
    "SET SESSION character_set_results='latin1'", 'SET @@session.character_set_results := latin1', '\n SET NAMES latin1\n',
  ]) t.equal(characterSetOfResults(sql), 'latin1', sql);
  t.equal(characterSetOfResults('SET character_set_results = NULL'), 'NULL');
  for (const sql of [
    'SET GLOBAL character_set_results = latin1', 'SET character_set_client = latin1', 'SET NAMES latin1, a = 1',
    'SELECT 1', 'SET NAMES', '',
  ]) t.equal(characterSetOfResults(sql), null, sql);
  t.end();
});
