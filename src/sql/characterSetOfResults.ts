/**
 * The value that a statement gives to the session's `character_set_results`: the name of a character set, NULL or
 * DEFAULT. Null if the statement sets nothing, or other variables too.
 */
export function characterSetOfResults(sql: string): string | null {
  return SET_NAMES.exec(sql)?.[2] ?? SET_VARIABLE.exec(sql)?.[2] ?? null;
}

/** SET NAMES, SET CHARACTER SET, and SET of the variable, each alone in its text. */
const SET_NAMES =
  /^\s*SET\s+(?:NAMES|CHARACTER\s+SET|CHARSET)\s+(['"]?)(\w{1,64})\1(?:\s+COLLATE\s+\S{1,80})?\s*;?\s*$/i;
const SET_VARIABLE =
  /^\s*SET\s+(?:SESSION\s+|@@session\.|@@)?character_set_results\s*:?=\s*(['"]?)(\w{1,64})\1\s*;?\s*$/i;
