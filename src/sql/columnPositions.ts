import type { NormalForm } from './normalForm.js';

// Column positions: in GROUP BY 1 and ORDER BY 2 DESC the number is not a value but a column of the result. Another
// number makes another statement, and MySQL 9 keeps it in the digest. A position is a whole expression, which only the
// next token shows.

/** Finds the column positions in the lists after a statement's GROUP BY, ORDER BY and PARTITION BY. */
export class ColumnPositions {
  private depth = 0;
  /**
   * The depths of parentheses at which such a list is open, the innermost last. Each entry has cost at least one token
   * of the form.
   */
  private readonly lists: number[] = [];
  private position: string | null = null;

  constructor(private readonly form: NormalForm) {}

  /** Whether the next integer may be a position. If it is added, `noteInteger` has to follow. */
  expectsPosition(): boolean {
    switch (this.form.last()) {
      case 'BY': return BY_KEYWORDS.has(this.form.last(2) ?? '');
      case ',':
      case '(': return this.lists.at(-1) === this.depth;
      default: return false;
    }
  }

  /**
   * An integer was added at the place of a position. An integer that was merged with others into a list remains a
   * value.
   */
  noteInteger(digits: string): void {
    const value = Number(digits);
    if (this.form.last() === '?' && value >= 1 && value <= LARGEST_POSITION) this.position = String(value);
  }

  /** The next token is neither a keyword nor an operator. Call this before adding the token. */
  beforeOther(): void {
    this.settle(false);
  }

  /** The next token is this operator. Call this before adding the token. */
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

  /** The next token is this keyword. Call this before adding the token. */
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
    if (isWholeExpression && this.position !== null) this.form.replaceLast(this.position);
    this.position = null;
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
