import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { CompilerHost, SourceFile } from 'typescript';

/** The compiler. Node.js reads its 9 MB once more for the names that it exports when it is imported as a module. */
export const ts = createRequire(import.meta.url)('typescript') as typeof import('typescript');

const known = new Map<string, SourceFile>();

/** The syntax of a source file. It is read once for all tests of a process. */
export const syntaxOf = (path: string): SourceFile => {
  const syntax = known.get(path) ?? ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  known.set(path, syntax);
  return syntax;
};

/** The errors in the syntax of a module's text. */
export const syntaxErrors = (text: string): string[] => {
  const host: CompilerHost = {
    fileExists: (name) => name === NAME,
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => '',
    getDefaultLibFileName: () => '',
    getNewLine: () => '\n',
    getSourceFile: (name) => ts.createSourceFile(name, text, ts.ScriptTarget.Latest),
    readFile: () => undefined,
    useCaseSensitiveFileNames: () => true,
    writeFile: () => undefined,
  };
  const program = ts.createProgram([NAME], { noLib: true, noResolve: true, target: ts.ScriptTarget.Latest }, host);
  return program.getSyntacticDiagnostics().map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
};

const NAME = 'module.ts';
