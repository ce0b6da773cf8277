import { isatty } from 'node:tty';
import { fileFailure } from '../config/file.js';
import type { ExactObject } from '../config/json.js';
import { openInput, readText, STANDARD_INPUT, STANDARD_INPUT_DESCRIPTOR } from '../report/input.js';
import { type Arguments, type Command, EXIT_CODES, refused, say, UsageError } from './command.js';
import { describeFlag } from './flags.js';
import { DEFAULT_IMAGE, withoutSidecars, withSidecars } from './inject/manifests.js';
import { injectOptions } from './inject/settings.js';
import { parseStream, printStream } from './inject/stream.js';

// The command `inject`: it puts Sluice as a sidecar into manifests of Kubernetes, or takes it out again.

/** The flags that say what to put in. */
const NOT_WITH_REMOVE = [...Object.keys(injectOptions), 'image', 'rewrite', 'pod-monitor'];

function refuseWithRemove(given: Arguments): void {
  const flags = NOT_WITH_REMOVE.filter((flag) => given[flag] !== undefined);
  if (flags.length === 0) return;
  throw new UsageError(flags.map((flag) => `--${flag}: says what to put in, leave it out with --remove`));
}

/** @throws {UsageError} */
function fileFrom({ _: words }: Arguments): string {
  const [name = STANDARD_INPUT, extra]: string[] = Array.isArray(words) ? words.slice(1).map(String) : [];
  if (extra === undefined) return name;
  throw refused(`inject: expected one file, got ${JSON.stringify(extra)} as well`);
}

/** An object has 1.5 MiB at most (etcd's limit), so this is enough for many. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Reads the manifests. @throws {UsageError} */
async function objectsFrom(file: string): Promise<ExactObject[]> {
  if (file === STANDARD_INPUT && isatty(STANDARD_INPUT_DESCRIPTOR)) {
    say(['Reading standard input: manifests in JSON, as kubectl create --dry-run=client -o json -f FILE prints them.']);
  }
  const shown = file === STANDARD_INPUT ? 'standard input' : file;
  let text: string;
  try {
    text = await readText(openInput(file), MAX_BYTES);
  } catch (error) {
    throw new UsageError([`sluice: cannot read ${fileFailure(shown, error)}`]);
  }
  return parseStream(text, shown);
}

/** Prints manifests with Sluice beside the application, or without it. */
export const inject: Command = {
  name: 'inject',
  describe: 'put a sidecar into manifests of Kubernetes, which kubectl prints as JSON',
  operands: '[FILE]',
  options: {
    ...injectOptions,
    image: {
      describe: describeFlag('IMAGE', 'the image of Sluice'), defaultDescription: DEFAULT_IMAGE, requiresArg: true,
    },
    rewrite: {
      describe: describeFlag('NAME', 'put the address of the sidecar into the URL that this variable holds'),
      requiresArg: true,
    },
    'pod-monitor': { describe: 'add a PodMonitor, for the Prometheus operator', type: 'boolean' },
    remove: { describe: 'take the sidecar out again, with all that came with it', type: 'boolean' },
  },
  repeatable: ['rewrite'],
  async run(given) {
    const file = fileFrom(given);
    const isRemoval = given['remove'] === true;
    if (isRemoval) refuseWithRemove(given);
    const { left, count } = withoutSidecars(await objectsFrom(file));
    process.stdout.write(printStream(isRemoval ? left : withSidecars(left, given, process.env)));
    if (isRemoval && count === 0) say(['sluice: there was no sidecar of sluice inject in it.']);
    return EXIT_CODES.ok;
  },
};
