import t from 'tap';
import { losesStep } from '../../src/policy/losesStep.js';
import { Command } from '../../src/protocol/commands.js';

const client = (name: string, version: string): ReadonlyMap<string, string> =>
  new Map([['_client_name', name], ['_client_version', version]]);

t.test('MariaDB Connector/J 3 and 4 lose step after rows, and 2.7 does not', async (t) => {
  for (const version of ['3.5.11', '4.0.0']) {
    t.ok(losesStep(client('MariaDB Connector/J', version), Command.QUERY, true));
    t.notOk(losesStep(client('MariaDB Connector/J', version), Command.QUERY, false));
  }
  t.notOk(losesStep(client('MariaDB Connector/J', '2.7.6'), Command.QUERY, true));
});

t.test('the pure implementation of Connector/Python loses step in a prepared statement', async (t) => {
  const python = client('mysql-connector-python', '9.7.0');
  t.ok(losesStep(python, Command.STMT_EXECUTE, false));
  t.notOk(losesStep(python, Command.QUERY, true));
});

t.test('no other client loses step, nor one without a name', async (t) => {
  t.notOk(losesStep(client('libmysql', '9.7.0'), Command.STMT_EXECUTE, true));
  t.notOk(losesStep(new Map(), Command.QUERY, true));
});
