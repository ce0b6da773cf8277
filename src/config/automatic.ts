import { MemoryCgroup } from './cgroup.js';
import { replaced, valueAt } from './overlay.js';
import { quote, type Findings } from './schema/findings.js';
import { AUTO } from './schema/kinds.js';
import { formatSize } from './schema/units.js';

// The settings that may be "auto": they follow from the memory that containers may use.

/** The variable with the memory limit of the application's container, in bytes. A manifest sets it. */
export const APPLICATION_MEMORY_VARIABLE = 'SLUICE_APPLICATION_MEMORY';

/** The default of `connections.max`, and the most that "auto" gives. */
export const DEFAULT_MAX_CONNECTIONS = 10_000;
const LEAST_MAX_CONNECTIONS = 10;
/** The part of the memory limit up to which new sessions are admitted. */
export const ADMITTING_PART = 0.9;
/** The memory of a process before it has sessions: help/performance.md says how that and the next were chosen. */
const PROCESS_BYTES = 64 * 2 ** 20;
/** The memory of a session, between 17 KiB of an idle one and 0.9 MiB of one whose client does not read. */
const SESSION_BYTES = 128 * 2 ** 10;
/** An application has rows in its memory more than once, as what came and as its own objects. */
const BUDGET_DIVISOR = 4;

const MAX_CONNECTIONS = ['connections', 'max'];
const BUDGET_BYTES = ['budget', 'bytes'];

/**
 * Puts figures in the place of "auto".
 * @param json a configuration
 * @param findings gets the mistake if a figure cannot be known
 * @param root where `/proc` and the mounted control groups are found
 */
export function withAutomatic(
  json: unknown, environment: NodeJS.ProcessEnv, findings: Findings, root: string,
): WithoutAuto {
  let result = json;
  const figures: string[] = [];
  const notices: string[] = [];
  if (valueAt(json, MAX_CONNECTIONS) === AUTO) {
    const workers = valueAt(json, ['workers']);
    const { limitBytes } = new MemoryCgroup(root);
    const max = maxConnections(limitBytes, typeof workers === 'number' ? workers : 1);
    result = replaced(result, MAX_CONNECTIONS, () => max);
    const why = limitBytes === null ? 'has no memory limit' : `may use ${formatSize(limitBytes)} of memory`;
    figures.push(`connections.max: "auto" is ${max}, as the container of Sluice ${why}`);
  }
  if (valueAt(json, BUDGET_BYTES) === AUTO) {
    const bytes = budgetBytes(environment, findings);
    result = replaced(result, BUDGET_BYTES, () => bytes);
    figures.push(
      `budget.bytes: "auto" is ${formatSize(bytes)}, a quarter of ${APPLICATION_MEMORY_VARIABLE}, which is ` +
        formatSize(Number(environment[APPLICATION_MEMORY_VARIABLE])),
    );
  } else if (environment[APPLICATION_MEMORY_VARIABLE]) {
    notices.push(
      `${APPLICATION_MEMORY_VARIABLE}: is not used, because budget.bytes is not "auto"; unset it, or give ` +
        '"budget": { "bytes": "auto" }',
    );
  }
  return { json: result, figures, notices };
}

/** A configuration without "auto". */
export interface WithoutAuto {
  readonly json: unknown;
  /** The figures that stand for "auto", one line each. */
  readonly figures: readonly string[];
  /** Warnings about variables, one line each. */
  readonly notices: readonly string[];
}

/** @param limitBytes the memory limit of all processes together; null if there is none */
function maxConnections(limitBytes: number | null, workers: number): number {
  if (limitBytes === null) return DEFAULT_MAX_CONNECTIONS;
  const processes = workers > 1 ? workers + 1 : 1;
  const fitting = Math.floor((limitBytes * ADMITTING_PART - processes * PROCESS_BYTES) / SESSION_BYTES);
  return Math.min(Math.max(fitting, LEAST_MAX_CONNECTIONS), DEFAULT_MAX_CONNECTIONS);
}

function budgetBytes(environment: NodeJS.ProcessEnv, findings: Findings): number {
  const text = environment[APPLICATION_MEMORY_VARIABLE];
  const bytes = /^\d{1,16}$/.test(text ?? '') ? Number(text) : 0;
  if (bytes >= BUDGET_DIVISOR && bytes <= Number.MAX_SAFE_INTEGER) return Math.floor(bytes / BUDGET_DIVISOR);
  const found = text ? `is ${quote(text)}` : 'is not set';
  findings.add(
    BUDGET_BYTES.join('.'),
    `"auto" needs the memory limit of the application's container in the variable ${APPLICATION_MEMORY_VARIABLE}, as ` +
      `a number of bytes such as 536870912, and it ${found}`,
  );
  return Number.MAX_SAFE_INTEGER; // A budget, so that no further mistake is found for want of one.
}
