import type { ParserConfigurationOptions } from 'yargs';
import { loadWithNotices, type LoadedConfig } from '../config/load.js';
import { type Field, walk } from '../config/schema/section.js';
import { settings } from '../config/settings.js';
import type { Arguments, Flag } from './command.js';

/** The way yargs reads a command line: each flag as text, as given. */
export const PARSER: Partial<ParserConfigurationOptions> = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'populate--': true,
};

const WIDEST_VALUE = 'SIZE|unlimited'.length;

/** The help of a flag: the name of its value, and its purpose. */
export function describeFlag(value: string, about: string): string {
  return `${value.padEnd(WIDEST_VALUE)}  ${about}`;
}

/** The purpose in such a help, or in one without a value. */
export function aboutFlag(describe: string): string {
  return describe.replace(/^\S* {2,}/, '');
}

/** The values of a setting's flag that stand in its help or in its kind. */
function fixedValues({ flag, kind }: Field): readonly string[] {
  const words = (flag?.value ?? '').split('|').filter((word) => /^[a-z]/.test(word));
  return [...new Set([...kind.schema.enum ?? [], ...words])];
}

function settingOptions(): Record<string, Flag> {
  const options: Record<string, Flag> = {};
  for (const { field } of walk(settings)) {
    if (!field.flag) continue;
    const isRequired = field.fallback === undefined;
    options[field.flag.name] = {
      describe: describeFlag(field.flag.value, `${field.about}${isRequired ? '; required' : ''}`),
      ...(isRequired ? {} : { defaultDescription: field.fallback === null ? 'off' : String(field.fallback) }),
      requiresArg: true,
      values: fixedValues(field),
      group: 'Settings:',
    };
  }
  return options;
}

/** The flags of every command that works with a configuration. */
export const configOptions: Readonly<Record<string, Flag>> = {
  config: {
    describe: describeFlag('FILE', 'the configuration, in JSON'),
    requiresArg: true,
    takesFile: true,
    group: 'Settings:',
  },
  ...settingOptions(),
};

/** An example of the value of a setting's flag; null for any other flag. */
export function exampleOf(flag: string): string | null {
  if (flag === 'config') return 'sluice.json';
  for (const { field } of walk(settings)) if (field.flag?.name === flag) return field.flag.example;
  return null;
}

/**
 * Loads the configuration from the command line, the environment and the file.
 * @throws {ConfigError}
 */
export function configFrom(given: Arguments): LoadedConfig {
  return loadWithNotices(given, process.env);
}
