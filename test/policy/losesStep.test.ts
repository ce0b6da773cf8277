import t from 'tap';
import { losesStep } from '../../src/policy/losesStep.js';
import { Command } from '../../src/protocol/commands.js';

const client = (name: string, version: string): ReadonlyMap<string, string> =>
  new Map([['_client_name', name], ['_client_version', version]]);

t.test('MariaDB Connector/J 3 and 4 lose step behind rows, 2.7 keeps it', async (t) => {
  for (const version of ['3.5.11', '4.0.0']) {
    t.ok(losesStep(client('MariaDB Connector/J', version), Command.QUERY, true));
    t.notOk(losesStep(client('MariaDB Connector/J', version), Command.QUERY, false));
  }
  t.notOk(losesStep(client('MariaDB Connector/J', '2.7.6'), Command.QUERY, true));
});

t.test("Connector/Python's pure implementation loses step where it executes a prepared statement", async (t) => {
  const python = client('mysql-connector-python', '9.7.0');
  t.ok(losesStep(python, Command.STMT_EXECUTE, false));
  t.notOk(losesStep(python, Command.QUERY, true));
});

t.test('no other client does, and none that does not say who it is', async (t) => {
  t.notOk(losesStep(client('libmysql', '9.7.0'), Command.STMT_EXECUTE, true));
  t.notOk(losesStep(new Map(), Command.QUERY, true));
});
