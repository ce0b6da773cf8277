import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { ConfigError, loadConfig, type Flags } from '../../src/config/load.js';
import type { Config } from '../../src/config/config.js';

/** The content of a configuration file: a value that becomes JSON, or text or bytes as they are. */
type Content = object | string | Buffer;

const folders = new WeakMap<Test, string>();

/** The test's own folder. tap would make it anew each time, which takes longer than to read a configuration. */
const folderOf = (t: Test): string => {
  const folder = folders.get(t) ?? t.testdir();
  folders.set(t, folder);
  return folder;
};

/** Writes a configuration into the test's own folder, and gives the file's path. */
export function configFile(t: Test, content: Content): string {
  const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
  const file = join(folderOf(t), 'sluice.json');
  writeFileSync(file, isRaw ? content : JSON.stringify(content));
  return file;
}

/** Loads a file with this content, under these flags and variables. */
export function load(t: Test, file: Content, flags: Flags = {}, environment: NodeJS.ProcessEnv = {}): Config {
  return loadConfig({ config: configFile(t, file), ...flags }, environment);
}

/** The problems, one line each, with FILE in place of the file's path. */
export function problems(
  t: Test, file: Content, flags: Flags = {}, environment: NodeJS.ProcessEnv = {},
): readonly string[] {
  const path = configFile(t, file);
  try {
    loadConfig({ config: path, ...flags }, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replaceAll(path, 'FILE'));
  }
  return [];
}

/** A configuration with the required setting and these. */
export const withUpstream = (rest: object) => ({ upstream: 'db', ...rest });
