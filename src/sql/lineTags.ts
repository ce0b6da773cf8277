import type { FoundTags } from './foundTags.js';
import type { TagReader } from './tagReader.js';

// Comments that end with their line are mostly notes of people, or code that is switched off. So only what a program
// writes in a form of its own is read of them:
//
//     -- Metabase:: userID: 1 queryType: native queryHash: af2f…     Metabase
//     -- name: GetAuthor :one                                        sqlc
//     -- File: /srv/shop/Orders.cs:21                                EF Core
//     -- route='%2Freports',app=shop                                 tags alone, with commas between them

/**
 * Reads the tags of a comment that ends with its line.
 * @param text the text after the mark
 * @param isCut the line continues after the text
 * @param reader reads tags into `found`
 */
export function readLine(text: string, isCut: boolean, found: FoundTags, reader: TagReader): void {
  if (TAGS_ALONE.test(text)) {
    const bytes = Buffer.from(text);
    reader.read(bytes, 0, bytes.length, isCut);
  } else if (!isCut) {
    const members = METABASE.exec(text)?.[1];
    if (members !== undefined) readWords(members, found);
    const name = SQLC.exec(text)?.[1];
    if (name !== undefined) found.add('name', name);
    const place = EF_CORE.exec(text)?.[1];
    if (place !== undefined) found.add('File', place);
  }
}

const TAG = String.raw`(?:[^\s=:,'"]+='(?:[^'\\]|\\.)*'|[A-Za-z_][\w.-]*(?:=[^\s,'"()]*|:(?!//)[^\s,'"()]+))`;
const TAGS_ALONE = new RegExp(String.raw`^\s*(?:${TAG}\s*,\s*)*${TAG}\s*$`);

const METABASE = /^\s*Metabase::((?:\s+\w+: \S+)+)\s*$/;
const SQLC = /^\s*name: ([A-Za-z_]\w*) :[a-z]+\s*$/;
const EF_CORE = /^\s*File: (\S(?:.*\S)?:\d+)\s*$/;

/** Reads tags such as `userID: 1 queryType: native`. */
function readWords(text: string, found: FoundTags): void {
  const words = text.trim().split(/\s+/);
  for (let at = 0; at < words.length && !found.isFull; at += 2) found.add(words[at]!.slice(0, -1), words[at + 1]!);
}
