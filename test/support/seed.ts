/** Rows of the table `numbers`: id 1 to 200,000 and a label of some ten characters. */
export const NUMBERS_ROWS = 200_000;

/** The account of all tests, and the root account. */
export const APP = { user: 'app', password: 'secret', schema: 'shop' } as const;
export const ROOT = { user: 'root', password: '' } as const;

// The decimal digits, joined with themselves, give numbers in SQL that both servers understand.
const DIGITS = `(SELECT 0 AS d ${[1, 2, 3, 4, 5, 6, 7, 8, 9].map((d) => `UNION ALL SELECT ${d}`).join(' ')})`;

/** The data of every private server, created once for its template. */
export const SEED_SQL = `
CREATE DATABASE shop;
CREATE USER 'app'@'%' IDENTIFIED BY 'secret';
GRANT ALL ON *.* TO 'app'@'%';
USE shop;
CREATE TABLE numbers (id INT NOT NULL PRIMARY KEY, label VARCHAR(40) NOT NULL);
INSERT INTO numbers SELECT n, CONCAT('row ', n) FROM (
  SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d AS n
  FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} e, ${DIGITS} f,
    (SELECT 0 AS d UNION ALL SELECT 1) g
) counted ORDER BY n;
`;

/**
 * SQL that fills the table `big` with about `mebibytes` MiB of rows of 1 KiB: a key, text that differs from
 * row to row, bytes of every value and a NULL now and then.
 */
export const bigTableSql = (mebibytes: number): string => `
USE shop;
DROP TABLE IF EXISTS big;
CREATE TABLE big (id INT NOT NULL PRIMARY KEY, body VARCHAR(1000) NOT NULL, raw VARBINARY(40), seen DATETIME);
INSERT INTO big SELECT n, CONCAT(SHA2(n, 256), REPEAT(SHA2(n + 1, 256), 14)), UNHEX(SHA2(n, 256)),
    IF(n % 7 = 0, NULL, '2024-02-29 12:00:00') FROM (
  SELECT id + 200000 * batch.d AS n FROM numbers, ${DIGITS} batch
) counted WHERE n <= ${mebibytes * 1024} ORDER BY n;
`;
