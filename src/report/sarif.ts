import { detailsOf, findingText } from './findingText.js';
import type { FindingKind } from './findingKind.js';
import type { JudgedFinding } from './judgedFinding.js';
import type { Position } from './position.js';
import type { Verdict } from './verdict.js';
import { caveats, headline } from './verdictText.js';

/**
 * A verdict as SARIF 2.1.0: a result for each digest of which something was found. It is an error if it breaks the
 * policy, else a note.
 * Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
 * @param version of this program
 */
export function sarif(verdict: Verdict, version: string): object {
  const { broken, tolerated, isBroken } = verdict;
  const all = [...broken, ...tolerated];
  const notes = [headline(verdict), ...caveats(verdict)];
  if (all.length > MOST_RESULTS) notes.push(`Left out here: ${all.length - MOST_RESULTS} digests`);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: {
        driver: { name: 'Sluice', semanticVersion: version, rules: Object.entries(RULES).map(ruleOf) },
      },
      columnKind: 'utf16CodeUnits',
      invocations: [{
        executionSuccessful: true, exitCode: isBroken ? EXIT_CODE_BROKEN : 0,
        toolExecutionNotifications: notes.map((text) => ({ level: 'note', message: { text } })),
      }],
      results: all.slice(0, MOST_RESULTS).map(resultOf),
    }],
  };
}

/** GitHub shows the first 5,000 of a run. */
const MOST_RESULTS = 5000;
const EXIT_CODE_BROKEN = 3;
/** The rule of a digest of which only its growth was found. */
const NEW_OR_GROWN = 'baseline';

const RULES: Readonly<Record<FindingKind | typeof NEW_OR_GROWN, string>> = {
  'cut': 'A result was cut at its limit.',
  'refuse': 'A statement was refused.',
  'would-cut': 'A result passed its limit, and would have been cut.',
  'would-refuse': 'A statement would have been refused.',
  'max-rows': 'A result has more rows than --max-rows.',
  'max-bytes': 'A result has more bytes than --max-bytes.',
  'repeated': 'A statement was executed too often in one transaction or trace.',
  'admit': 'A result passed the limit for buffered results as a stream.',
  'warn': 'A result passed a threshold of warn.',
  'baseline': 'A result is new, or has grown beyond the baseline.',
};

function ruleOf([id, text]: readonly [string, string]): object {
  return { id, shortDescription: { text } };
}

function resultOf(one: JudgedFinding): object {
  const { finding, isBroken } = one;
  const text = findingText(one);
  return {
    ruleId: finding.gravest ?? NEW_OR_GROWN,
    level: isBroken ? 'error' : 'note',
    message: { text: detailsOf(text) },
    locations: [locationOf(finding.position ?? UNKNOWN_PLACE)],
    partialFingerprints: { 'sluiceDigest/v1': text.digest },
  };
}

/** The place of a result that no tag tells. GitHub takes nothing of a file in which one result has no place. */
const UNKNOWN_PLACE: Position = { file: 'unknown', line: 1 };

function locationOf({ file, line }: Position): object {
  return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line } } };
}

/** A path as the reference of a URI (RFC 3986), relative if the path is. */
function uriOf(file: string): string {
  // Half of a surrogate pair has no form in UTF-8, and no encoding in a URI.
  const slashed = Buffer.from(file.replaceAll('\\', '/')).toString();
  const path = slashed.split('/').map(encodeURIComponent).join('/');
  return /^[A-Za-z]:\//.test(slashed) ? `file:///${path}` : path;
}
