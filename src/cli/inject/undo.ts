import { JsonError, type ExactJson, type ExactObject, parseExactJson } from '../../config/json.js';
import { UsageError } from '../command.js';
import { exactObject, isMap, printExact, textAt } from './exactObjects.js';

/**
 * The facts with which a sidecar can be taken out of a pod again. They stand in an annotation of the pod.
 */
export interface Undo {
  /** The digest of the configuration. Only Kubernetes needs it: another one starts new pods. */
  readonly config: string;
  /** The keys that were not there, and those that were null, by their places. */
  readonly made: Map<string, 'absent' | 'null'>;
  /** The variables that were replaced, as they were. */
  readonly replaced: { readonly container: string; readonly entry: ExactObject }[];
  /** The URLs in which the server was replaced. The URL is not here: it may hold a password. */
  readonly rewritten: { readonly container: string; readonly name: string; readonly server: string }[];
}

/** The annotation's key. */
export const ANNOTATION = 'sluice/injected';

/** The text of the annotation. */
export function printUndo({ config, made, replaced, rewritten }: Undo): string {
  return printExact(exactObject({ config, made: new Map(made), replaced, rewritten }), '');
}

/**
 * Reads the annotation.
 * @param owner the workload, for the message
 * @throws {UsageError} if `printUndo` has not written it
 */
export function parseUndo(text: ExactJson, owner: string): Undo {
  const undo = typeof text === 'string' ? readUndo(text) : null;
  if (undo !== null) return undo;
  throw new UsageError([
    `${owner}: the annotation ${ANNOTATION} is not as sluice inject writes it: take the sidecar out by hand`,
  ]);
}

function readUndo(text: string): Undo | null {
  let documents: ExactJson[];
  try {
    documents = parseExactJson(text);
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
  const [undo, ...others] = documents;
  if (!isMap(undo) || others.length > 0) return null;
  const made = undo.get('made');
  const replaced = listOf(undo.get('replaced'), (item) => {
    const [container, entry] = [textAt(item, 'container'), item.get('entry')];
    return container === undefined || !isMap(entry) ? null : { container, entry };
  });
  const rewritten = listOf(undo.get('rewritten'), (item) => {
    const [container, name, server] = [textAt(item, 'container'), textAt(item, 'name'), textAt(item, 'server')];
    return container === undefined || name === undefined || server === undefined ? null : { container, name, server };
  });
  const config = textAt(undo, 'config');
  if (config === undefined || !isMap(made) || replaced === null || rewritten === null) return null;
  return {
    config, made: new Map([...made].map(([key, was]) => [key, was === 'null' ? was : 'absent'])), replaced, rewritten,
  };
}

function listOf<T>(list: ExactJson | undefined, read: (item: ExactObject) => T | null): T[] | null {
  if (!Array.isArray(list)) return null;
  const items = list.map((item) => (isMap(item) ? read(item) : null));
  return items.every((item) => item !== null) ? items : null;
}
