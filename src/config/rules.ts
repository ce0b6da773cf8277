// The part of the table of settings that says who is limited how.

import type { Match, ResponseClass, Rule, Treatment } from './config.js';
import { compileAddressMatcher } from './network.js';
import type { StatementKind } from '../sql/statement.js';
import { leaf, oneOf, orNull, text, type Kind } from './schema/kinds.js';
import { list, named, oneOrMore } from './schema/lists.js';
import { formatMoment, parseEnd } from './schema/moment.js';
import { section } from './schema/section.js';
import * as treatment from './treatment.js';

const maxRules = 1000;
const maxPatterns = 1000;

const glob = text(/^[^\0]{0,1000}$/, 'a pattern of at most 1000 characters, with * and ? for any');

const digest = text(/^[0-9a-f*?]{1,32}$/, 'the 16 digits 0-9, a-f of a digest, or a pattern of them');

const statement = oneOf<StatementKind>('select', 'metadata', 'show', 'call', 'dml', 'ddl', 'other');

const addressShape = text(/^[\w:.%/-]{1,100}$/, 'an IP address or a network such as 10.0.0.0/8 or fd00::/8');

/** An IP address or a network, which is compiled once to see that it can be. */
const address: Kind<string> = {
  ...addressShape,
  read(found, path, findings) {
    const pattern = addressShape.read(found, path, findings);
    if (pattern === undefined) return undefined;
    try {
      compileAddressMatcher(pattern);
      return pattern;
    } catch (error) {
      findings.add(path, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  },
};

/** What one condition of a rule looks for: a pattern, or a list of which one must fit. */
function patterns<T extends string>(kind: Kind<T>): Kind<readonly T[]> {
  return oneOrMore(kind, { items: 'patterns', min: 1, max: maxPatterns });
}

const match = section<Match>({
  user: { kind: patterns(glob), isOptional: true, about: "the account's name, without its host; globs" },
  schema: {
    kind: patterns(glob), isOptional: true, about: 'the session\'s default schema, "" where it has none; globs',
  },
  client: {
    kind: patterns(address), isOptional: true,
    about: 'the client\'s IP address; addresses and networks: "10.0.0.7", "10.0.0.0/8", "fd00::/8"',
  },
  program: { kind: patterns(glob), isOptional: true, about: 'the connection attribute program_name; globs' },
  attributes: {
    kind: named(patterns(glob), {
      max: 100, name: /^[^\0]{1,256}$/, expectedName: 'the name of a connection attribute',
    }),
    isOptional: true,
    about: 'connection attributes, as in {"_client_name": "Go-MySQL-Driver"}; globs',
  },
  digest: {
    kind: patterns(digest), isOptional: true,
    about: 'a hash of the statement without its literals, as check --as and audit records show it; globs',
  },
  statement: {
    kind: patterns(statement), isOptional: true,
    about: "the statement's kind: select, metadata, show, call, dml, ddl or other",
  },
});

const end = leaf<number>({
  expected: 'a date such as "2026-12-31", a date-time with its zone such as "2026-12-31T18:00:00Z", or null',
  write: (untilMs) => (untilMs === Infinity ? null : formatMoment(untilMs)),
  parse: (found) => (found === null ? Infinity : typeof found === 'string' ? parseEnd(found) : undefined),
});

// It becomes a label in the metrics and stands in the errors that clients see.
const name = text(
  /^(?!default$)[\w.:-]{1,64}$/,
  'a name of 1 to 64 letters, digits and _ . : - that is not "default"',
);

/** What one rule is made of. */
export const rule = section<Rule>({
  name: { kind: name, about: 'the name that stands in records and errors' },
  match: { kind: match },
  class: {
    kind: orNull(oneOf<ResponseClass>('buffered', 'streaming')), fallback: null,
    about: 'how its clients read; null leaves it to hints and signals',
  },
  mode: treatment.mode,
  limits: treatment.limits,
  warn: treatment.warn,
  onExceed: treatment.onExceed,
  hints: treatment.hints,
  streaming: { kind: section<Treatment['streaming']>({ limits: treatment.streamingLimits }) },
  untilMs: {
    key: 'until', kind: end, fallback: null, about: 'when the rule ends; a date counts whole, in UTC',
  },
});

/** All rules. Read with the global settings to inherit from. */
export const rules: Kind<readonly Rule[]> = list(rule, {
  items: 'rules',
  max: maxRules,
  distinct: { what: 'name', of: (one) => one.name },
});
