/** The result of a look at one thing outside the configuration. */
export interface Finding {
  /** `note` is for a fact with which Sluice works, but that its operator may not have wanted. */
  readonly state: 'ok' | 'note' | 'FAILED';
  /** The setting, such as `upstream[1]`. */
  readonly path: string;
  readonly says: string;
}

const WIDTH = 'FAILED'.length;

/** A finding as one line. */
export function findingLine({ state, path, says }: Finding): string {
  return `${state.padEnd(WIDTH)}  ${path}: ${says}`;
}

/** The path of one of several: `upstream` alone, or `upstream[1]`. */
export function pathOf(key: string, index: number, count: number): string {
  return count === 1 ? key : `${key}[${index}]`;
}
