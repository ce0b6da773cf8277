import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type TypeScript from 'typescript';
import { syntaxOf, ts } from '../support/syntax.js';

// The list of log lines in `sluice help troubleshooting` against the messages in the source.

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));
const TOPIC = readFileSync(join(SOURCE, 'help/troubleshooting.md'), 'utf8');

/** A part of a message that differs. */
const ANY = '…';

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => syntaxOf(join(SOURCE, name)));

const calls: TypeScript.CallExpression[] = [];
const variables = new Map<string, TypeScript.VariableDeclaration[]>();
const visit = (node: TypeScript.Node): void => {
  if (ts.isCallExpression(node)) calls.push(node);
  if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) {
    variables.set(node.name.text, [...variables.get(node.name.text) ?? [], node]);
  }
  ts.forEachChild(node, visit);
};
for (const file of files) visit(file);

type Enclosing = TypeScript.Node | undefined;

const isWithin = (node: TypeScript.Node, outer: Enclosing): boolean => {
  for (let at: Enclosing = node; at !== undefined; at = at.parent) if (at === outer) return true;
  return false;
};

/** The block or file in which a declaration holds. */
const scopeOf = (declared: TypeScript.VariableDeclaration): TypeScript.Node => declared.parent.parent.parent;

/** What a variable stands for: the innermost one that is seen from here, or else one that another file exports. */
const valueOf = (name: string, from: TypeScript.Node): TypeScript.Expression | undefined => {
  const all = variables.get(name) ?? [];
  const seen = all.filter((one) => isWithin(from, scopeOf(one)));
  const innermost = seen.sort((one, other) => (isWithin(scopeOf(one), scopeOf(other)) ? -1 : 1))[0];
  return (innermost ?? all.find((one) => one.parent.parent.getText().startsWith('export ')))?.initializer;
};

/** The parameter of this name, with the function that has it. */
const parameterOf = (name: string, from: TypeScript.Node) => {
  for (let at: Enclosing = from; at !== undefined; at = at.parent) {
    if (!ts.isFunctionLike(at)) continue;
    const index = at.parameters.findIndex((one) => one.name.getText() === name);
    if (index >= 0) return { index, owner: at };
    const isTaken = at.parameters.some((one) => ts.isObjectBindingPattern(one.name) &&
      one.name.elements.some((element) => element.name.getText() === name));
    if (isTaken) return null;
  }
  return null;
};

/** The calls of a function or a method: in its own file, and where something with the name of its file is called. */
const callsOf = (owner: TypeScript.SignatureDeclaration): TypeScript.CallExpression[] => {
  const name = owner.name?.getText();
  const [file, receiver] = [owner.getSourceFile(), basename(owner.getSourceFile().fileName, '.ts')];
  return calls.filter(({ expression }) => {
    if (ts.isIdentifier(expression)) return ts.isFunctionDeclaration(owner) && expression.text === name;
    if (!ts.isPropertyAccessExpression(expression) || expression.name.text !== name) return false;
    const isOwn = expression.getSourceFile() === file && expression.expression.kind === ts.SyntaxKind.ThisKeyword;
    return isOwn || expression.expression.getText().split('.').at(-1) === receiver;
  });
};

const joined = (parts: readonly (readonly string[])[]): string[] =>
  parts.reduce<string[]>((fronts, ends) => fronts.flatMap((front) => ends.map((end) => front + end)), ['']);

/** The texts that an expression may have. */
const textsOf = (node: TypeScript.Expression | undefined): string[] => {
  if (node === undefined) return [ANY];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return joined([textsOf(node.left), textsOf(node.right)]);
  }
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans.flatMap(({ expression, literal }) => [textsOf(expression), [literal.text]]);
    return joined([[node.head.text], ...spans]);
  }
  if (ts.isObjectLiteralExpression(node)) {
    return node.properties.flatMap((one) => (ts.isPropertyAssignment(one) ? textsOf(one.initializer) : [ANY]));
  }
  if (ts.isElementAccessExpression(node)) return textsOf(node.expression);
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'upstreamName') return ['the upstream server …'];
  return ts.isIdentifier(node) ? textsOfName(node) : [ANY];
};

const textsOfName = (node: TypeScript.Identifier): string[] => {
  const value = valueOf(node.text, node);
  if (value !== undefined) return textsOf(value);
  const parameter = parameterOf(node.text, node);
  if (parameter === null || parameter.owner.name === undefined) return [ANY];
  const { index, owner } = parameter;
  const made = callsOf(owner);
  if (made.length === 0) return [ANY];
  return made.flatMap((call) => textsOf(call.arguments[index] ?? owner.parameters[index]!.initializer));
};

/** The level of a call that writes a line of the log; null for other calls. */
const levelOf = ({ expression }: TypeScript.CallExpression): string | null => {
  const isLog = (receiver: TypeScript.Expression): boolean =>
    /(?:\blog|logger|occasions|occasional)$/i.test(receiver.getText());
  if (ts.isElementAccessExpression(expression) && isLog(expression.expression)) return 'any';
  if (!ts.isPropertyAccessExpression(expression) || !isLog(expression.expression)) return null;
  return /^(?:info|warn|error|fatal)$/.test(expression.name.text) ? expression.name.text : null;
};

interface Message {
  readonly level: string;
  /** The file, from `src` on. */
  readonly file: string;
  readonly text: string;
}

/** Functions of these files log a message that they are given. Their callers have the text. */
const PASSING_ON = ['audit/occasionalLog.ts', 'relay/session/sessionLog.ts'];

const messages: readonly Message[] = calls.flatMap((call): Message[] => {
  const level = levelOf(call);
  const file = relative(SOURCE, call.getSourceFile().fileName);
  if (level === null || PASSING_ON.includes(file)) return [];
  return textsOf(call.arguments.at(-1)).map((text) => ({ level, file, text: text.replace(/…+/g, ANY) }));
});

/** Messages that a call only passes on, with the files and texts that they are made of. */
const MADE_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  'relay/connection/attempt.ts': [
    'cannot reach', 'did not accept the connection', 'did not greet', 'before its greeting',
  ],
  'conversation/authBridge.ts': [
    'the packet that begins the authentication ends too early', 'might send a password in clear',
    'send the password in clear', 'the password cannot pass',
    'the password is encrypted with a key that the client has from elsewhere',
    'the password is not encrypted with the key that was sent',
  ],
  'relay/session/conversationEvents.ts': [
    'the client did not answer the greeting', 'the authentication did not come to its end',
  ],
};

/** The files with such calls. */
const PASSES_THEM_ON = [
  'relay/connection/arrival.ts', 'relay/connection/upstreamHealth.ts', 'relay/session/connectionPhase.ts',
  'relay/session/session.ts',
];

/** The lines of the list: what stands in quotes at the front of an item. */
const listed = (): string[] => {
  const list = TOPIC.slice(TOPIC.indexOf('## Log lines')).replace(/\n +/g, ' ');
  const items = [...list.matchAll(/^- ((?:"[^"]+"(?:, )?)+): /gm)].map(([, front = '']) => front);
  return items.flatMap((front) => [...front.matchAll(/"([^"]+)"/g)].map(([, line = '']) => line));
};

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const stands = (line: string, text: string): boolean => new RegExp(line.split(ANY).map(escaped).join('.*')).test(text);

const elsewhere = Object.values(MADE_ELSEWHERE).flat();

t.test('each warning and each error of the log stands in the list, with what to do', (t) => {
  const lines = listed();
  const urgent = messages.filter(({ level, text }) => level !== 'info' && /\w/.test(text));
  t.ok(urgent.length > 50, 'there are messages to look at');
  const missing = [...urgent.map(({ file, text }) => ({ file, text })), ...elsewhere.map((text) => ({ file: '', text }))]
    .filter(({ text }) => !lines.some((line) => stands(line, text)));
  t.strictSame(missing, []);
  t.end();
});

t.test('each line of the list is one that the program writes', (t) => {
  const texts = [...messages.map(({ text }) => text), ...elsewhere];
  const lines = listed();
  t.ok(lines.length > 50, 'there are lines to look at');
  t.strictSame(lines.filter((line) => !texts.some((text) => stands(line, text))), []);
  t.end();
});

t.test('finds where each message is made that a call only passes on', (t) => {
  const passed = messages.filter(({ level, text }) => level !== 'info' && !/\w/.test(text)).map(({ file }) => file);
  t.strictSame([...new Set(passed)].sort(), PASSES_THEM_ON);
  for (const [file, texts] of Object.entries(MADE_ELSEWHERE)) {
    const source = readFileSync(join(SOURCE, file), 'utf8');
    t.strictSame(texts.filter((text) => !source.includes(text)), [], file);
  }
  t.end();
});
