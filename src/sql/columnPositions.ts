import type { NormalForm } from './normalForm.js';

// In GROUP BY 1 and ORDER BY 2 DESC the number is no value but stands for a column of the result: another
// number makes another statement, and MySQL 9 keeps it in the digest. It has to be the whole expression: the
// next token tells.

/** Knows the column positions in the lists behind a statement's GROUP BY, ORDER BY and PARTITION BY. */
export class ColumnPositions {
  private depth = 0;
  /**
   * The depths of parentheses at which such a list is open, the innermost last. Each has cost the form a
   * token at least.
   */
  private readonly lists: number[] = [];
  private position: string | undefined;

  constructor(private readonly form: NormalForm) {}

  /** An integer is to be added next; after that `noteInteger` is due. */
  expectsPosition(): boolean {
    switch (this.form.last()) {
      case 'BY': return BY_KEYWORDS.has(this.form.last(2) ?? '');
      case ',':
      case '(': return this.lists.at(-1) === this.depth;
      default: return false;
    }
  }

  /**
   * An integer was added where a position is expected. One that melted with others into a list stays a value.
   */
  noteInteger(digits: string): void {
    const value = Number(digits);
    if (this.form.last() === '?' && value >= 1 && value <= LARGEST_POSITION) this.position = String(value);
  }

  /** The next token is neither a keyword nor an operator. As with these: to be called before it is added. */
  beforeOther(): void {
    this.settle(false);
  }

  /** The next token is this operator. */
  beforeOperator(operator: string): void {
    this.settle(ENDING_OPERATORS.has(operator));
    if (operator === '(') {
      this.depth += 1;
      if (this.form.last() === 'ROLLUP' || this.form.last() === 'CUBE') this.lists.push(this.depth);
    } else if (operator === ')') {
      this.closeLists(this.depth);
      this.depth = Math.max(0, this.depth - 1);
    }
  }

  /** The next token is this keyword. */
  beforeKeyword(keyword: string): void {
    this.settle(!CONTINUING_KEYWORDS.has(keyword));
    if (keyword === 'BY' && BY_KEYWORDS.has(this.form.last() ?? '')) {
      if (this.lists.at(-1) !== this.depth) this.lists.push(this.depth);
    } else if (AFTER_LIST.has(keyword)) {
      this.closeLists(this.depth);
    }
  }

  /** The statement ends. */
  end(): void {
    this.settle(true);
  }

  private settle(isWholeExpression: boolean): void {
    if (isWholeExpression && this.position !== undefined) this.form.replaceLast(this.position);
    this.position = undefined;
  }

  private closeLists(depth: number): void {
    while (this.lists.length > 0 && this.lists.at(-1)! >= depth) this.lists.pop();
  }
}

const LARGEST_POSITION = 2 ** 32 - 1;

const BY_KEYWORDS = new Set(['GROUP', 'ORDER', 'PARTITION']);
const AFTER_LIST = new Set(['LIMIT', 'SELECT', 'UNION', 'EXCEPT', 'INTERSECT', 'HAVING', 'INTO']);
const ENDING_OPERATORS = new Set([',', ')', ';']);
const CONTINUING_KEYWORDS = new Set([
  'AND', 'BETWEEN', 'COLLATE', 'DIV', 'ESCAPE', 'IN', 'IS', 'LIKE', 'MEMBER', 'MOD', 'NOT', 'OR', 'RLIKE',
  'SOUNDS', 'XOR',
]);
