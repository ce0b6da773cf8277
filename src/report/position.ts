import type { Tags } from '../sql/tags.js';

/** A line of an application's source code. */
export interface Position {
  /** The path in the tag; inside the working folder it is relative to that folder. */
  readonly file: string;
  /** From 1 on. */
  readonly line: number;
}

/**
 * The place in an application's code from which a statement comes, according to its tags.
 * @param folder the working folder, in which annotations look for files
 * @returns null if no tag tells
 */
export function positionOf(tags: Tags, folder: string): Position | null {
  for (const name of WITH_LINE) {
    const found = FILE_AND_LINE.exec(tags.get(name) ?? '');
    if (found !== null) return positionAt(found[1]!, found[2]!, folder);
  }
  for (const [fileTag, lineTag] of APART) {
    const file = tags.get(fileTag) ?? '';
    const line = tags.get(lineTag) ?? '';
    if (FILE.test(file) && LINE.test(line)) return positionAt(file, line, folder);
  }
  return null;
}

/** The tags that name a file and a line: of Rails and Prisma, of marginalia, and of others. */
const WITH_LINE: readonly string[] = ['source_location', 'line', 'file', 'source', 'caller', 'file:line'];

/** Pairs of tags, one for the file and one for its line: OpenTelemetry's names, old and new, and plain ones. */
const APART = [
  ['code.file.path', 'code.line.number'], ['code.filepath', 'code.lineno'], ['file', 'line'],
] as const;

/** All tags that may name a place. */
export const POSITION_TAGS: readonly string[] = [...new Set([...WITH_LINE, ...APART.flat()])];

/** "app/models/order.rb:12", "/app/x.py:7:in 'find'", "C:\app\x.cs:9:3"; no URL, and no "host:3306". */
const FILE_AND_LINE = /^((?:[A-Za-z]:[\\/])?[^:\p{Cc}]{0,400}\.[A-Za-z]\w{0,15}):([1-9]\d{0,6})(?![\w.])/u;
const FILE = /^\P{Cc}{1,400}$/u;
const LINE = /^[1-9]\d{0,6}$/;

function positionAt(file: string, line: string, folder: string): Position {
  const prefix = folder.endsWith('/') ? folder : `${folder}/`;
  const inside = file.startsWith(prefix) ? file.slice(prefix.length) : file;
  return { file: inside.replace(/^\.\//, ''), line: Number(line) };
}
