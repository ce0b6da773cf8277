import type { FoundTags } from './foundTags.js';

// A comment may be an object of JSON, alone or after a label:
//
//     {"app": "dbt", "node_id": "model.shop.orders"}          dbt, Mode
//     Hex query metadata: {"project_id": "d73d", …}           Hex, Sigma
//     Looker Query Context '{"user_id":6, …}'                 Looker

/**
 * Reads the members of an object as tags: texts, numbers and truth values. Others are left out: null, arrays, objects.
 * @param text the text of a whole comment
 * @returns false if the comment is no JSON, and may hold other tags
 */
export function readJson(text: string, found: FoundTags): boolean {
  const from = text.indexOf('{');
  if (from === -1) return false;
  const label = text.slice(0, from);
  if (ARRAY.test(label)) return true;
  if (!LABEL.test(label)) return false;
  const quote = label.endsWith("'") ? "'" : '';
  const rest = text.slice(from).trimEnd();
  const json = rest.slice(0, rest.length - quote.length);
  const isJson = rest.endsWith(quote) && isValid(json);
  if (isJson) readMembers(json, found);
  return isJson || label.trim() === '';
}

const ARRAY = /^\s*\[\s*$/;
/** Words, the last one perhaps with a colon, and perhaps a quote. A single word with a colon is a tag's name. */
const LABEL = /^\s*(?:(?:[^\s=:,'"{}]+\s+)+(?:[^\s=:,'"{}]+:\s*)?'?)?$/;

function isValid(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

/** @param json a valid object; its numbers are taken as they are written, because a parser would round long ones */
function readMembers(json: string, found: FoundTags): void {
  let depth = 0;
  let name: string | null = null;
  for (const [token] of json.matchAll(TOKEN)) {
    if (found.isFull) return;
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth !== 1 || token === ':') continue;
    else if (token === ',') name = null;
    else if (name === null) name = textOf(token);
    else if (token !== 'null' && name !== '') found.add(name, token.startsWith('"') ? textOf(token) : token);
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** A text of JSON. An escape may stand for half a character, which no text of UTF-8 has. */
function textOf(token: string): string {
  const text = JSON.parse(token) as string;
  return token.includes('\\') ? Buffer.from(text).toString() : text;
}
