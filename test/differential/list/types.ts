import type { ServerKind } from '../../support/servers.js';
import { type Group, statement } from '../line.js';

// Each line is a column type. Its table is created, filled with these values and NULL, and read in every way.

interface Column {
  readonly type: string;
  readonly values: readonly string[];
}

const column = (type: string, ...values: string[]): Column => ({ type, values });

const COMMON: readonly Column[] = [
  column('TINYINT', '-128', '0', '127'),
  column('TINYINT UNSIGNED', '0', '255'),
  column('TINYINT(3) ZEROFILL', '7'),
  column('BOOLEAN', 'TRUE', 'FALSE'),
  column('SMALLINT', '-32768', '32767'),
  column('SMALLINT UNSIGNED', '65535'),
  column('MEDIUMINT', '-8388608', '8388607'),
  column('MEDIUMINT UNSIGNED', '16777215'),
  column('INT', '-2147483648', '2147483647', '250', '251', '252', '253', '254', '255'),
  column('INT UNSIGNED', '4294967295'),
  column('BIGINT', '-9223372036854775808', '9223372036854775807'),
  column('BIGINT UNSIGNED', '18446744073709551615'),
  column('DECIMAL(65,30)', '-12345678901234567890123456789012345.123456789012345678901234567890', '0', '1e-30'),
  column('DECIMAL(1,0)', '9', '-9'),
  column('NUMERIC(10,2) UNSIGNED', '12345678.99'),
  column('FLOAT', '1.5', '-3.402823466e38', '1.175494351e-38', '0.1'),
  column('FLOAT UNSIGNED', '0.1'),
  column('FLOAT(10,3)', '1234567.891'),
  column('DOUBLE', '1.7976931348623157e308', '-2.2250738585072014e-308', '0.1', '-0.0'),
  column('DOUBLE(20,5)', '123456789012345.12345'),
  column('BIT(1)', "b'0'", "b'1'"),
  column('BIT(64)', "b'1111111111111111111111111111111111111111111111111111111111111111'", '0', '251', '254'),
  column('DATE', "'0000-00-00'", "'1000-01-01'", "'9999-12-31'", "'2024-02-29'", "'2024-00-00'"),
  column(
    'DATETIME', "'0000-00-00 00:00:00'", "'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'", "'2024-02-29 00:00:00'",
  ),
  column('DATETIME(1)', "'2024-02-29 23:59:59.9'"),
  column('DATETIME(6)', "'2024-02-29 23:59:59.999999'", "'2024-02-29 00:00:00.000001'"),
  column('TIMESTAMP NULL', "'1970-01-02 00:00:01'", "'2037-12-31 23:59:59'"),
  column('TIMESTAMP(6) NULL', "'1970-01-02 00:00:01.000001'"),
  column('TIME', "'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'", "'24:00:00'"),
  column('TIME(6)', "'-838:59:58.999999'", "'00:00:00.000001'", "'12:00:00.100000'"),
  column('YEAR', '1901', '2155', '0'),
  column('CHAR(0)', "''"),
  column('CHAR(255)', "''", "'a '", "REPEAT('z', 255)"),
  column('CHAR(4) CHARACTER SET latin1', "'abcd'", "'é'"),
  column('VARCHAR(300)', "''", "REPEAT('v', 250)", "REPEAT('v', 251)", "REPEAT('v', 300)"),
  column('VARCHAR(1000) CHARACTER SET utf8mb4', "REPEAT('😀', 1000)", "'日本語'"),
  column('VARCHAR(100) CHARACTER SET ucs2', "'zwei Byte'"),
  column('VARCHAR(100) CHARACTER SET utf16', "'u😀16'"),
  column('VARCHAR(100) CHARACTER SET utf32', "'u😀32'"),
  column('VARCHAR(100) COLLATE utf8mb4_bin', "'binär'"),
  column('BINARY(3)', "'a'", "x'fb0000'", "x'fe0000'", "x'ff0000'"),
  column('VARBINARY(300)', "''", "x'00'", "x'ffffff'", "REPEAT(x'fe', 253)", "REPEAT(x'fb', 251)"),
  column('TINYTEXT', "''", "REPEAT('t', 255)"),
  column('TEXT', "REPEAT('t', 65535)"),
  column('MEDIUMTEXT', "REPEAT('m', 65536)", "REPEAT('m', 100000)"),
  column('LONGTEXT', "REPEAT('l', 16384)", "REPEAT('l', 16383)", "REPEAT('l', 200000)"),
  column('TINYBLOB', "x'00ff'"),
  column('BLOB', "REPEAT(x'fb', 65535)"),
  column('MEDIUMBLOB', "REPEAT(x'fe', 65536)"),
  column('LONGBLOB', "REPEAT(x'ff', 70000)"),
  column("ENUM('', 'small', 'large')", "''", "'small'", "'large'"),
  column("ENUM('x') CHARACTER SET binary", "'x'"),
  column("SET('a', 'b', 'c')", "''", "'a'", "'a,c'", "'a,b,c'"),
  column('JSON', "'{\"a\": [1, 2.5, null, true, \"x\"]}'", "'[]'", "'\"\"'"),
  column(
    'GEOMETRY', "ST_GeomFromText('POINT(1 2)')",
    "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 1 1))')",
  ),
  column('POINT', "ST_GeomFromText('POINT(-1 0.5)')"),
  column('LINESTRING', "ST_GeomFromText('LINESTRING(0 0, 1 1, 2 0)')"),
  column('POLYGON', "ST_GeomFromText('POLYGON((0 0, 0 3, 3 3, 0 0), (1 1, 1 2, 2 2, 1 1))')"),
  column('MULTIPOINT', "ST_GeomFromText('MULTIPOINT(1 1, 2 2)')"),
  column('MULTIPOLYGON', "ST_GeomFromText('MULTIPOLYGON(((0 0, 0 3, 3 3, 0 0)))')"),
  column('INT AS (id * 2) VIRTUAL'),
  column('VARCHAR(20) AS (CONCAT(id, id)) STORED'),
];

const OWN: Record<ServerKind, readonly Column[]> = {
  mariadb: [
    column('INET4', "'0.0.0.0'", "'255.255.255.255'"),
    column('INET6', "'::'", "'fe80::1'", "'::ffff:10.0.0.1'"),
    column('UUID', "'123e4567-e89b-12d3-a456-426655440000'", "'00000000-0000-0000-0000-000000000000'"),
    column('VARCHAR(2000) COMPRESSED', "REPEAT('c', 2000)"),
    column('BLOB COMPRESSED', "REPEAT(x'fe', 3000)"),
    column('INT INVISIBLE', '5'),
  ],
  mysql: [
    column('VECTOR(3)', "STRING_TO_VECTOR('[1, 2.5, -3]')"),
    column('VECTOR(2048)', "STRING_TO_VECTOR(CONCAT('[', REPEAT('1,', 2047), '1]'))"),
    column('INT INVISIBLE', '5'),
    column('GEOMETRY SRID 4326', "ST_GeomFromText('POINT(10 20)', 4326)"),
  ],
};

const typeGroup = (name: string, prefix: string, columns: readonly Column[], server?: ServerKind): Group => ({
  name,
  ...(server === undefined ? {} : { server }),
  once: columns.flatMap(({ type, values }, i) => [
    `CREATE TABLE shop.${prefix}_${i} (id INT NOT NULL PRIMARY KEY, value ${type})`,
    // A computed column takes no value, and has one of its own.
    values.length === 0 ? `INSERT INTO shop.${prefix}_${i} (id) VALUES (1), (2)`
      : `INSERT INTO shop.${prefix}_${i} (id, value) VALUES (0, NULL), ${values.map(
        (value, id) => `(${id + 1}, ${value})`,
      ).join(', ')}`,
  ]),
  lines: columns.map(({ type }, i) => ({
    ...statement(`SELECT value, id FROM ${prefix}_${i} ORDER BY id`), title: `${type}, in every way`,
  })),
});

export const types: readonly Group[] = [
  typeGroup('types', 'type', COMMON),
  typeGroup("MariaDB's types", 'mariadb_type', OWN.mariadb, 'mariadb'),
  typeGroup("MySQL's types", 'mysql_type', OWN.mysql, 'mysql'),
];
