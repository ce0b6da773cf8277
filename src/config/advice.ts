import type { Config, ErrorNumber, Limits } from '../config.js';

// What the drivers and pools of the field do with an error in the middle of a result, each looked up in its
// source. 3024 / HY000 is in none of their lists: it is what a MySQL server itself sends there when a
// statement runs out of time.
const codeConsequences: readonly { codes: readonly number[]; consequence: string }[] = [
  { codes: [1105], consequence: 'HikariCP throws the connection away' },
  { codes: [1153], consequence: 'MySQL Connector/J takes it for a broken connection, whatever the SQLSTATE' },
  { codes: [1205, 1213], consequence: 'frameworks run the transaction again' },
  { codes: [1927, 4031], consequence: 'SQLAlchemy takes it for a lost connection' },
  {
    codes: [
      1004, 1005, 1015, 1021, 1023, 1037, 1038, 1040, 1041, 1042,
      1043, 1045, 1047, 1053, 1081, 1129, 1130, 1142, 1227, 1290,
    ],
    consequence: 'Druid throws the connection away',
  },
];

const stateConsequences: readonly { states: RegExp; consequence: string }[] = [
  { states: /^0[12]/, consequence: 'by its class it is no error' },
  { states: /^(08...|0A000|57P0[123]|01002|JZ0C[01])$/, consequence: 'HikariCP throws the connection away' },
  {
    states: /^70100$/,
    consequence: 'MariaDB Connector/J reports a time-out, and HikariCP throws the connection away',
  },
  { states: /^22/, consequence: 'MySQL Connector/J reports a data truncation' },
  { states: /^40/, consequence: 'frameworks run the transaction again' },
];

function* errorAdvice({ code, sqlState }: ErrorNumber): Generator<string> {
  for (const { codes, consequence } of codeConsequences) {
    if (codes.includes(code)) yield `onExceed.error.code: on ${code} ${consequence}; not so on 3024`;
  }
  for (const { states, consequence } of stateConsequences) {
    if (!states.test(sqlState)) continue;
    yield `onExceed.error.sqlState: on ${sqlState} ${consequence}; not so on HY000`;
  }
}

function* limitAdvice({ mode, limits, warn }: Config): Generator<string> {
  const isUnlimited = ({ rows, bytes }: Limits) => rows === Infinity && bytes === Infinity;
  if (isUnlimited(limits) && isUnlimited(warn)) yield 'limits: nothing is limited, and nothing warned about';
  for (const unit of ['rows', 'bytes'] as const) {
    if (mode === 'enforce' && warn[unit] >= limits[unit] && warn[unit] < Infinity) {
      yield `warn.${unit}: is never passed, since limits.${unit} cuts before`;
    }
  }
}

/**
 * @param config a configuration that can be used
 * @returns what its author may not have meant, one line each, beginning with the key
 */
export function adviceOn(config: Config): string[] {
  return [...errorAdvice(config.onExceed.error), ...limitAdvice(config)];
}
