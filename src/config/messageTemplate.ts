import { suggest } from './schema/suggest.js';
import { either, textLike } from './schema/jsonSchema.js';
import { text, type Kind } from './schema/kinds.js';

// The texts of errors that the configuration writes: a template with placeholders such as `{rule}`.

/** A text with placeholders: `{rule}` stands for the rule's name. */
export type MessageTemplate = string;

/** Clients keep 512 bytes of an error's text, the last of them 0 (`MYSQL_ERRMSG_SIZE`, mysql_com.h). */
export const MAX_MESSAGE_BYTES = 511;

const PLACEHOLDER = /\{([^{}]*)\}/g;

const plainText = text(/^[^\p{Cc}\p{Cs}]+$/u, 'a text of 1 to 511 bytes without control characters');

/**
 * A template.
 * @param known the names that may stand in braces
 */
export function messageTemplate(known: readonly string[]): Kind<MessageTemplate> {
  const shown = known.map((name) => `{${name}}`).join(', ');
  const unknownName = `\\{(?!(?:${known.join('|')})\\})[^{}]*\\}`;
  return {
    ...plainText,
    schema: textLike(new RegExp(`^(?![\\s\\S]*${unknownName})[^\\p{Cc}\\p{Cs}]{1,${MAX_MESSAGE_BYTES}}$`, 'u')),
    expected: `${plainText.expected}; ${shown} stand for what they name`,
    read(found, path, findings) {
      const template = plainText.read(found, path, findings);
      if (template === undefined) return undefined;
      const byteCount = Buffer.byteLength(template);
      const named = [...template.matchAll(PLACEHOLDER)].map(([, name]) => name!);
      const unknown = named.find((name) => !known.includes(name));
      if (byteCount > MAX_MESSAGE_BYTES) {
        findings.add(path, `has ${byteCount} bytes, but clients keep ${MAX_MESSAGE_BYTES}: shorten it`);
      } else if (unknown !== undefined) {
        findings.add(path, `unknown placeholder {${unknown.slice(0, 64)}}, ${remedyFor(unknown, known, shown)}`);
      } else return template;
      return undefined;
    },
  };
}

/** The same, or null. */
export function templateOrNull(known: readonly string[]): Kind<MessageTemplate | null> {
  const template = messageTemplate(known);
  return {
    ...template,
    schema: either(template.schema, { type: 'null' }),
    expected: `${template.expected}; or null`,
    read: (found, path, findings) => (found === null ? null : template.read(found, path, findings)),
  };
}

function remedyFor(unknown: string, known: readonly string[], shown: string): string {
  const meant = suggest(unknown, known);
  return `${meant === null ? '' : `did you mean {${meant}}? `}known here: ${shown}`;
}

/** A template with its placeholders filled. @param values by the names of the placeholders; each is asked for once */
export function fill(template: MessageTemplate, values: Readonly<Record<string, () => string>>): string {
  return template.replace(PLACEHOLDER, (whole, name: string) => values[name]?.() ?? whole);
}
