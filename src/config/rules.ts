// The part of the table of settings with the rules.

import type { Match, ResponseClass, Rule, Treatment } from './config.js';
import type { RefusalSettings } from './errorSettings.js';
import { messageTemplate } from './messageTemplate.js';
import { NETWORK_PATTERN } from './addressPatterns.js';
import { compileAddressMatcher } from './network.js';
import { STATEMENT_KINDS, type StatementKind } from '../sql/statement.js';
import { leaf, oneOf, orNull, text, trueOrFalse, type Kind } from './schema/kinds.js';
import { list, named, oneOrMore } from './schema/lists.js';
import { either, textLike } from './schema/jsonSchema.js';
import { formatMoment, MOMENT, parseEnd } from './schema/moment.js';
import { section } from './schema/section.js';
import { TAG_NAME } from './tags.js';
import * as treatment from './treatment.js';
import { REFUSED_ERROR, REFUSED_MESSAGE } from './errorAdvice.js';
import { errorText } from '../text/errorText.js';
import { finiteOrNull } from './finiteOrNull.js';

const MAX_RULES = 1000;
const MAX_PATTERNS = 1000;

const glob = text(/^[^\0]{0,1000}$/, 'a pattern of at most 1000 characters, with * and ? for any');

const digest = text(/^[0-9a-f*?]{1,32}$/, 'the 16 digits 0-9, a-f of a digest, or a pattern of them');

const statement = oneOf<StatementKind>(...STATEMENT_KINDS);

const addressShape = text(/^[\w:.%/-]{1,100}$/, 'an IP address or a network such as 10.0.0.0/8 or fd00::/8');

/** An IP address or a network. Reading compiles it once to check it. */
const address: Kind<string> = {
  ...addressShape,
  schema: textLike(NETWORK_PATTERN),
  read(found, path, findings) {
    const pattern = addressShape.read(found, path, findings);
    if (pattern === undefined) return undefined;
    try {
      compileAddressMatcher(pattern);
      return pattern;
    } catch (error) {
      findings.add(path, errorText(error));
      return undefined;
    }
  },
};

/** The setting of one condition: a pattern, or a list of patterns of which one must match. */
function patterns<T extends string>(kind: Kind<T>): Kind<readonly T[]> {
  return oneOrMore(kind, { items: 'patterns', min: 1, max: MAX_PATTERNS });
}

const match = section<Match>({
  user: { kind: patterns(glob), isOptional: true, about: "the account's name, without its host; globs" },
  schema: {
    kind: patterns(glob), isOptional: true, about: 'the session\'s default schema, "" if it has none; globs',
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
  tags: {
    kind: named(patterns(glob), { max: 100, name: TAG_NAME, expectedName: 'the name of a tag' }), isOptional: true,
    about: 'tags of the statement or its execution, as in {"route": "/reports/*"}; globs',
  },
  digest: {
    kind: patterns(digest), isOptional: true,
    about: 'a hash of the statement without its literals, as check --as and audit records show it; globs',
  },
  statement: {
    kind: patterns(statement), isOptional: true,
    about: `the statement's kind: ${STATEMENT_KINDS.join(', ').replace(/, (?=\w+$)/, ' or ')}`,
  },
});

const end = leaf<number>({
  expected: 'a date such as "2026-12-31", a date-time with its zone such as "2026-12-31T18:00:00Z", or null',
  schema: either(textLike(MOMENT), { type: 'null' }),
  write: (untilMs) => finiteOrNull(untilMs, formatMoment),
  parse: (found) => (found === null ? Infinity : typeof found === 'string' ? parseEnd(found) : undefined),
});

// The name is a label in the metrics, and is part of the errors that clients see.
const name = text(
  /^(?!default$)[\w.:-]{1,64}$/,
  'a name of 1 to 64 letters, digits and _ . : - that is not "default"',
);

/** The names that may stand in braces in a refusal's message. */
const REFUSAL_PLACEHOLDERS = ['rule', 'statement', 'digest'] as const;

const refusal = section<RefusalSettings>({
  code: { kind: treatment.errorCode, fallback: REFUSED_ERROR.code, about: "the error's number" },
  sqlState: { kind: treatment.sqlState, fallback: REFUSED_ERROR.sqlState, about: "the error's SQLSTATE" },
  message: {
    kind: messageTemplate(REFUSAL_PLACEHOLDERS), fallback: REFUSED_MESSAGE,
    about: "the error's text",
  },
  unjudged: {
    kind: trueOrFalse, fallback: false,
    about: 'also refuse statements that Sluice cannot read completely, and so cannot judge',
  },
});

/** The keys of a rule. */
export const rule = section<Rule>({
  name: { kind: name, about: 'the name that stands in records and errors' },
  match: { kind: match },
  class: {
    kind: orNull(oneOf<ResponseClass>('buffered', 'streaming')), fallback: null,
    about: 'how the clients read their results; null: hints and signals decide',
  },
  action: {
    kind: orNull(oneOf('refuse')), fallback: null,
    about: '"refuse" answers statements that match with an error, before the server gets them',
  },
  refusal: { kind: refusal },
  mode: treatment.mode,
  limits: treatment.limits,
  warn: treatment.warn,
  onExceed: treatment.onExceed,
  hints: treatment.hints,
  streaming: { kind: section<Treatment['streaming']>({ limits: treatment.streamingLimits }) },
  untilMs: {
    key: 'until', kind: end, fallback: null, about: 'the end of the rule; a date includes that whole day, in UTC',
  },
});

/** The setting of all rules. A rule inherits from the global settings. */
export const rules: Kind<readonly Rule[]> = list(rule, {
  items: 'rules',
  max: MAX_RULES,
  distinct: { what: 'name', of: (one) => one.name },
});
