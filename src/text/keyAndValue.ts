/**
 * Splits KEY=VALUE at its first equals sign.
 * @returns the key and the value; without an equals sign the whole text is the key, and the value is null
 */
export function keyAndValue(text: string): readonly [key: string, value: string | null] {
  const equals = text.indexOf('=');
  return equals === -1 ? [text, null] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Splits a list of KEY=VALUE at its commas. A comma inside a value is written as `\,`. */
export function keysAndValues(list: string): (readonly [key: string, value: string | null, part: string])[] {
  return list.split(/(?<!\\),/).map((part) => {
    const [key, value] = keyAndValue(part);
    return [key, value === null ? null : value.replaceAll('\\,', ','), part];
  });
}
