import { Capability } from '../../../src/protocol/capabilities.js';
import { Command } from '../../../src/protocol/commands.js';
import {
  ATTRIBUTES, attributedQuery, execute as executeBare, CURSOR_READ_ONLY, fetch, prepare,
} from '../../support/commandPayloads.js';
import { bare, changeUser, command, execute, type Group, last, type Line, query, script, volatile } from '../line.js';

const QUERY_ATTRIBUTES_SHOWN = Array.from({ length: 5 }, (_, i) => `mysql_query_attribute_string('a${i}')`).join(', ');

const commands: Group = {
  name: 'commands',
  lines: [
    command('PING', Command.PING),
    command('PING with more after it', Command.PING, 'xxxx'),
    command('INIT_DB mysql', Command.INIT_DB, 'mysql'),
    query('SELECT DATABASE()'),
    command('INIT_DB of no schema', Command.INIT_DB, 'nowhere'),
    command('INIT_DB of an empty name', Command.INIT_DB, ''),
    command('INIT_DB of a long name', Command.INIT_DB, 'n'.repeat(300)),
    command('INIT_DB shop', Command.INIT_DB, 'shop'),
    command('FIELD_LIST', Command.FIELD_LIST, 'numbers\0'),
    command('FIELD_LIST with a pattern', Command.FIELD_LIST, 'numbers\0la%'),
    command('FIELD_LIST with a pattern that nothing fits', Command.FIELD_LIST, 'numbers\0zz%'),
    command('FIELD_LIST of many columns', Command.FIELD_LIST, 'type_1\0'),
    command('FIELD_LIST of no table', Command.FIELD_LIST, 'nosuch\0'),
    command('FIELD_LIST without its NUL', Command.FIELD_LIST, 'numbers'),
    volatile(command('STATISTICS', Command.STATISTICS)),
    volatile(command('PROCESS_INFO', Command.PROCESS_INFO)),
    command('PROCESS_KILL of nobody', Command.PROCESS_KILL, Buffer.from([0xff, 0xff, 0xff, 0x7f])),
    command('DEBUG', Command.DEBUG),
    command('REFRESH', Command.REFRESH, Buffer.from([16])), // the status counters only
    command('CREATE_DB', Command.CREATE_DB, 'made_by_command'),
    command('DROP_DB', Command.DROP_DB, 'made_by_command'),
    command('SLEEP', Command.SLEEP),
    command('CONNECT', Command.CONNECT),
    command('TIME', Command.TIME),
    command('DELAYED_INSERT', Command.DELAYED_INSERT),
    command('TABLE_DUMP', Command.TABLE_DUMP, '\x04shop\x07numbers'),
    command('CONNECT_OUT', Command.CONNECT_OUT),
    command('DAEMON', Command.DAEMON),
    command('CLONE', Command.CLONE),
    command('BULK_EXECUTE of no statement', Command.STMT_BULK_EXECUTE, Buffer.from([99, 0, 0, 0, 0x80, 0, 0, 0])),
    command(
      'REGISTER_REPLICA', Command.REGISTER_REPLICA, Buffer.concat([Buffer.from([77, 0, 0, 0]), Buffer.alloc(14)]),
    ),
    command('a byte that is no command', 0x66),
    command('MariaDB\'s COM_MULTI', 0xfe, 'x'),
    command('0xFF', 0xff),
    bare('an empty packet', Buffer.alloc(0)),
    command('SET_OPTION: several statements', Command.SET_OPTION, Buffer.from([0, 0])),
    query('SELECT 1; SELECT 2'),
    command('SET_OPTION: one statement', Command.SET_OPTION, Buffer.from([1, 0])),
    query('SELECT 1; SELECT 2'),
    command('SET_OPTION: several again', Command.SET_OPTION, Buffer.from([0, 0])),
    query('SELECT 1; SELECT 2'),
    command('SET_OPTION of no option', Command.SET_OPTION, Buffer.from([9, 0])),
    command('SET_OPTION without an option', Command.SET_OPTION),
    query('SET @kept = 1'),
    command('RESET_CONNECTION', Command.RESET_CONNECTION),
    query('SELECT @kept, DATABASE()'),
    command('USE by INIT_DB after a reset', Command.INIT_DB, 'shop'),
    query('SELECT 1'),
    command('RESET_CONNECTION again', Command.RESET_CONNECTION),
    command('PING at the end', Command.PING),
  ],
};

const users: Group = {
  name: 'changes of user',
  once: ["CREATE USER 'other'@'%' IDENTIFIED BY 'hidden'", "GRANT ALL ON *.* TO 'other'@'%'",
    "CREATE USER 'blank'@'%' IDENTIFIED BY ''",
    "CREATE USER 'guest'@'%' IDENTIFIED BY 'secret'", "GRANT SELECT ON shop.* TO 'guest'@'%'"],
  setup: ['FLUSH PRIVILEGES'], // MySQL forgets whose password it knows
  lines: [
    query('SET @kept = 1'),
    changeUser('other', 'hidden', 'mysql'),
    query('SELECT SUBSTRING_INDEX(USER(), \'@\', 1), DATABASE(), @kept'),
    script('a statement prepared, then a change of user', async (client) => {
      const parts = await client.ask([prepare('SELECT id FROM shop.numbers WHERE id <= 5')]);
      const id = client.statementId;
      return [...parts, ...await client.ask([executeBare(id, CURSOR_READ_ONLY)]), ...await client.ask([fetch(id, 2)])];
    }),
    changeUser('app', 'secret', 'shop'),
    command('FETCH from the cursor opened before', Command.STMT_FETCH, Buffer.from([1, 0, 0, 0, 1, 0, 0, 0])),
    query('SELECT id, label FROM numbers WHERE id <= 3'),
    changeUser('blank', '', ''),
    query('SELECT DATABASE()'),
    query('SELECT * FROM shop.numbers'),
    changeUser('app', 'secret', ''),
    query('SELECT DATABASE()'),
    command('INIT_DB', Command.INIT_DB, 'shop'),
    query('SELECT id FROM numbers WHERE id <= 2000'),
  ],
};

const COMPRESSIONS = Capability.COMPRESS | Capability.ZSTD_COMPRESSION_ALGORITHM;

/** MySQL refuses these and closes. MariaDB refuses them and continues. */
const refused = (line: Line): Line =>
  ({ ...line, play: (client, way) => (client.greeting.isMariadb ? line : last(line)).play(client, way) });

const outOfOrder = script('a query with the id 5', async (client) => {
  client.transport.send(client.query('SELECT 1'), 5);
  return client.answers([client.query('')]);
});

/** Each of them may end its connection. */
const endings: readonly Group[] = [
  { name: 'a change of user with a wrong password', lines: [refused(changeUser('other', 'wrong', 'shop'))] },
  { name: 'a change to a schema that is not there', lines: [refused(changeUser('other', 'hidden', 'nowhere'))] },
  { name: 'a change to a user who is not there', lines: [refused(changeUser('nobody', 'hidden', 'shop'))] },
  { name: 'a command whose sequence id is not 0', isUnparsed: true, without: COMPRESSIONS, lines: [last(outOfOrder)] },
  { name: 'a stream of a group that there is not', lines: [
    refused(command('SUBSCRIBE_GROUP_REPLICATION_STREAM', Command.SUBSCRIBE_GROUP_REPLICATION_STREAM))] },
  // In compressed connections servers check the numbers of frames, and not those of packets.
  {
    name: 'a command in a frame, whose sequence id is not 0', isUnparsed: true, needs: Capability.COMPRESS,
    lines: [outOfOrder, query('SELECT 2')],
  },
  { name: 'an idle connection that the server ends', lines: [query('SET SESSION wait_timeout = 1'),
    last(script('what comes unasked', async (client) => client.answers([Buffer.from([Command.PING])])))] },
];

/** Commands that need a privilege or a kind of server that is not there. */
const denied: readonly Group[] = [
  { name: 'SHUTDOWN by one who may not', code: Command.SHUTDOWN, rest: '' },
  {
    name: 'BINLOG_DUMP by one who may not', code: Command.BINLOG_DUMP,
    rest: Buffer.from([4, 0, 0, 0, 1, 0, 77, 0, 0, 0]),
  },
  { name: 'BINLOG_DUMP_GTID by one who may not', code: Command.BINLOG_DUMP_GTID, rest: Buffer.alloc(22) },
].map(({ name, code, rest }) => ({
  name, login: { user: 'guest', password: 'secret' }, lines: [command(name, code, rest), command('PING', Command.PING)],
}));

const attributes: Group = {
  name: 'query attributes', server: 'mysql', needs: Capability.QUERY_ATTRIBUTES,
  lines: [
    query('SELECT 1'),
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((count) => script(`${count} attributes`, (client) =>
      client.ask([attributedQuery(`SELECT ${count}, ${QUERY_ATTRIBUTES_SHOWN}`, ATTRIBUTES.slice(0, count))]))),
    script('attributes of a statement that returns much', (client) =>
      client.ask([attributedQuery('SELECT id, label FROM numbers WHERE id <= 3000', ATTRIBUTES)])),
    script('a long attribute', (client) => client.ask([attributedQuery('SELECT 1',
      [{
        name: 'long', type: 0xfd,
        value: Buffer.concat([Buffer.from([0xfd, 0x70, 0x11, 0x01]), Buffer.alloc(70_000, 'x')]),
      }])])),
    script('attributes that are cut short', (client) => client.ask([Buffer.from([Command.QUERY, 3, 1, 0])])),
    script(
      'attributes that lie about their number',
      (client) => client.ask(
        [Buffer.concat([Buffer.from([Command.QUERY, 0xfc, 0xff, 0xff, 1]), Buffer.from('SELECT 1')])],
      ),
    ),
    script('an EXECUTE with attributes besides its parameters', async (client) =>
      client.withStatement('SELECT ?, ?', (id) => client.ask([
      execute(client, id, [{ type: 8, bytes: Buffer.alloc(8, 1), name: '' }, { type: 6, bytes: null, name: '' },
        { type: 0xfd, bytes: Buffer.from('\x04more'), name: 'a0' }])]))),
    query('SELECT 2'),
  ],
};

const optionalMetadata: Group = {
  name: 'metadata left out', server: 'mysql', needs: Capability.OPTIONAL_RESULTSET_METADATA,
  lines: [
    query("SET resultset_metadata = 'NONE'"),
    query('SELECT id, label FROM numbers WHERE id <= 4'),
    query('SELECT 1; SELECT 2; CALL two_results(); SELECT nosuch'),
    query('SELECT id FROM numbers WHERE FALSE'),
    command('FIELD_LIST', Command.FIELD_LIST, 'numbers\0'),
    script(
      'a statement',
      (client) => client.withStatement(
        'SELECT id, label FROM numbers WHERE id <= 2', (id) => client.ask([executeBare(id)]),
      ),
    ),
    script('a cursor', (client) => client.withStatement('SELECT id, label FROM numbers WHERE id <= 9', async (id) => [
      ...await client.ask([executeBare(id, CURSOR_READ_ONLY)]), ...await client.ask([fetch(id, 5)]),
      ...await client.ask([fetch(id, 5)])])),
    script('OUT parameters', (client) => client.withStatement('CALL out_parameter(?, ?)', (id) => client.ask([
      execute(client, id, [{ type: 3, bytes: Buffer.from([2, 0, 0, 0]) }, { type: 6, bytes: null }])]))),
    query("SET resultset_metadata = 'FULL'"),
    query('SELECT id, label FROM numbers WHERE id <= 4'),
  ],
};

const tracking: Group = {
  name: 'changes of the session, as the server tells them', needs: Capability.SESSION_TRACK,
  lines: [
    query("SET SESSION session_track_system_variables = '*'"),
    volatile(query('SET SESSION sort_buffer_size = 400000')), // MySQL numbers the statements
    volatile(query('SET SESSION session_track_system_variables = ' +
      "'sort_buffer_size,max_heap_table_size,time_zone,sql_mode,character_set_client'")),
    query('SET SESSION session_track_state_change = ON'),
    query('SET SESSION session_track_schema = ON'),
    query("SET SESSION session_track_transaction_info = 'CHARACTERISTICS'"),
    query('SET SESSION sort_buffer_size = 300000, max_heap_table_size = 100000'),
    query('USE mysql'),
    command('INIT_DB', Command.INIT_DB, 'shop'),
    query('START TRANSACTION READ ONLY'),
    query('SELECT id FROM numbers WHERE id <= 3'),
    query('COMMIT'),
    query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'),
    query('START TRANSACTION'),
    query('SELECT 1; SET NAMES latin1; SELECT 2'),
    query('CALL two_results()'),
    query('ROLLBACK'),
    volatile(query('CREATE TEMPORARY TABLE tracked (id INT)')), // MariaDB tells its GTID
    query(`SET @long = '${'x'.repeat(3000)}'`),
    query(`SET SESSION time_zone = '+01:00', sql_mode = '', init_connect_unknown = 1`),
    script(
      'a prepared statement', (client) => client.withStatement('SET @a = 1', (id) => client.ask([executeBare(id)])),
    ),
    query('SET SESSION session_track_system_variables = \'\''),
    query('SELECT 9'),
  ],
};

const PING = command('PING', Command.PING);

const login = (user: string, password: string, group: Partial<Group> = {}): Group => ({
  name: `a login of ${user} with ${password === '' ? 'no password' : password}`, login: { user, password },
  lines: [PING, query('SELECT id FROM numbers WHERE id <= 3')],
  ...group,
});

const logins: readonly Group[] = [
  login('app', 'wrong'), login('nobody', 'secret'), login('blank', ''),
  login('other', 'hidden', { setup: ['FLUSH PRIVILEGES'] }),
  login(
    'ed', 'secret',
    {
      server: 'mariadb',
      once: ["CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret')", "GRANT ALL ON *.* TO ed@'%'"],
    },
  ),
  login(
    'old', 'secret',
    {
      server: 'mysql',
      once: ["CREATE USER old@'%' IDENTIFIED WITH sha256_password BY 'secret'", "GRANT ALL ON *.* TO old@'%'"],
    },
  ),
  login(
    'expired', 'secret',
    {
      server: 'mysql',
      once: ["CREATE USER expired@'%' IDENTIFIED BY 'secret' PASSWORD EXPIRE", "GRANT ALL ON *.* TO expired@'%'"],
    },
  ),
];

export const commandGroups: readonly Group[] = [
  commands, users, ...logins, ...denied, ...endings, attributes, optionalMetadata, tracking,
];
