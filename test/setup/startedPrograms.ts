import { basename } from 'node:path';
import ts from 'typescript';

// Finds the programs that the test code starts, from the code itself: the first argument of Node.js's functions that
// start a program, and of each function that passes its own first argument on to one of these.

const STARTERS = new Set(['spawn', 'spawnSync', 'execFile', 'execFileSync']);

export interface Started {
  /** Names without folders. The programs of MySQL 9, which has a folder of its own, are apart. */
  readonly programs: ReadonlySet<string>;
  readonly mysql9: ReadonlySet<string>;
  /** Places where the program cannot be found in the code. */
  readonly unknown: readonly string[];
}

/** Finds the programs that these source files and their imports start; `isWanted` selects the files to read. */
export const startedPrograms = (files: readonly string[], isWanted: (file: string) => boolean): Started => {
  const program = ts.createProgram([...files], {
    target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    // Only names are followed, no types compared, so that most declarations are not loaded.
    types: [], lib: ['lib.es5.d.ts'], noEmit: true,
  });
  const sources = program.getSourceFiles().filter(({ fileName }) => isWanted(fileName));
  return new Reading(program.getTypeChecker()).of(sources);
};

class Reading {
  private readonly programs = new Set<string>();
  private readonly mysql9 = new Set<string>();
  private readonly unknown: string[] = [];
  /** The functions of the test code that are known so far to start the program in their first argument. */
  private readonly helpers = new Set<ts.Symbol>();

  constructor(private readonly checker: ts.TypeChecker) {}

  of(sources: readonly ts.SourceFile[]): Started {
    // A function may be called before or outside the file that declares it, so this repeats until no further one is
    // found.
    for (let known = -1; known < this.helpers.size;) {
      known = this.helpers.size;
      this.unknown.length = 0;
      for (const source of sources) this.visit(source);
    }
    return { programs: this.programs, mysql9: this.mysql9, unknown: this.unknown };
  }

  private visit(node: ts.Node): void {
    if (ts.isCallExpression(node) && this.isStarter(node.expression)) this.resolve(node.arguments[0]!);
    ts.forEachChild(node, (child) => this.visit(child));
  }

  private isStarter(called: ts.Expression): boolean {
    if (!ts.isIdentifier(called)) return false;
    const symbol = this.symbolOf(called);
    return symbol !== undefined && this.helpers.has(symbol)
      || STARTERS.has(called.text) && isImported(this.checker.getSymbolAtLocation(called), 'node:child_process');
  }

  /** Notes every program that an expression may give. */
  private resolve(expression: ts.Expression): void {
    if (ts.isStringLiteralLike(expression)) this.programs.add(basename(expression.text));
    else if (expression.getText() === 'process.execPath') this.programs.add('node');
    else if (ts.isConditionalExpression(expression)) {
      this.resolve(expression.whenTrue);
      this.resolve(expression.whenFalse);
    } else if (ts.isAsExpression(expression) || ts.isElementAccessExpression(expression)) {
      this.resolve(expression.expression);
    } else if (ts.isObjectLiteralExpression(expression)) this.resolveFields(expression);
    else if (ts.isCallExpression(expression)) this.resolveCall(expression);
    else this.resolveName(expression);
  }

  private resolveFields(object: ts.ObjectLiteralExpression): void {
    for (const field of object.properties) if (ts.isPropertyAssignment(field)) this.resolve(field.initializer);
  }

  private resolveCall(call: ts.CallExpression): void {
    const [argument] = call.arguments;
    if (call.expression.getText() === 'mysql9Program' && argument !== undefined && ts.isStringLiteralLike(argument)) {
      this.mysql9.add(argument.text);
      return;
    }
    this.resolveName(call.expression);
  }

  /** Follows a name or a field to its declaration: a value, or a function and its result. */
  private resolveName(name: ts.Expression): void {
    const symbol = this.symbolOf(name);
    const declaration = symbol?.valueDeclaration;
    if (declaration !== undefined && ts.isParameter(declaration)) this.addHelper(declaration);
    else if (declaration !== undefined && ts.isPropertySignature(declaration)) this.resolveField(declaration);
    else if (declaration !== undefined && hasInitializer(declaration)) this.resolve(given(declaration.initializer));
    else this.addUnknown(name);
  }

  private addHelper(parameter: ts.ParameterDeclaration): void {
    const owner = ts.isArrowFunction(parameter.parent) ? parameter.parent.parent : parameter.parent;
    const name = ts.isVariableDeclaration(owner) || ts.isFunctionDeclaration(owner) ? owner.name : undefined;
    const symbol = name === undefined ? undefined : this.checker.getSymbolAtLocation(name);
    if (symbol === undefined || parameter.parent.parameters[0] !== parameter) this.addUnknown(parameter);
    else this.helpers.add(symbol);
  }

  /** A field of an interface: the values that objects in its file give to a field of that name. */
  private resolveField(field: ts.PropertySignature): void {
    const search = (node: ts.Node): void => {
      if (ts.isPropertyAssignment(node) && node.name.getText() === field.name.getText()) this.resolve(node.initializer);
      ts.forEachChild(node, search);
    };
    search(field.getSourceFile());
  }

  private addUnknown(node: ts.Node): void {
    const source = node.getSourceFile();
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    this.unknown.push(`${source.fileName}:${line + 1}: ${node.getText()}`);
  }

  private symbolOf(node: ts.Node): ts.Symbol | undefined {
    const symbol = this.checker.getSymbolAtLocation(node);
    return symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }
}

const isImported = (symbol: ts.Symbol | undefined, from: string): boolean => {
  const [declaration] = symbol?.declarations ?? [];
  return declaration !== undefined && ts.isImportSpecifier(declaration)
    && declaration.parent.parent.parent.moduleSpecifier.getText().slice(1, -1) === from;
};

const hasInitializer = (node: ts.Node): node is ts.VariableDeclaration & { readonly initializer: ts.Expression } =>
  ts.isVariableDeclaration(node) && node.initializer !== undefined;

/** The result of a function that is one expression; any other value itself. */
const given = (value: ts.Expression): ts.Expression =>
  ts.isArrowFunction(value) && !ts.isBlock(value.body) ? value.body : value;
