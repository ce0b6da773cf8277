// The output of the demo: plain text of 80 columns, with colours on a terminal.

/** Writes the demo's lines. */
export class Page {
  readonly #isColoured: boolean;

  /** Uses colours on terminals, unless NO_COLOR is set (no-color.org). */
  constructor(private readonly to: Output, environment: NodeJS.ProcessEnv) {
    this.#isColoured = to.isTTY === true && !environment['NO_COLOR'];
  }

  title(text: string, about: string): void {
    this.line(`${this.paint('bold', text)}  ${about}`);
  }

  heading(text: string): void {
    this.line();
    this.line(this.paint('bold', text));
  }

  /** Writes text as it is, with an indent. */
  line(text = '', indent = ''): void {
    this.to.write(text === '' ? '\n' : `${indent}${text}\n`);
  }

  /** Writes a command for the reader to type. */
  command(text: string): void {
    this.line(this.paint('cyan', text), MARK_INDENT);
  }

  /** Writes a promise, and whether it was kept. */
  finding(isGood: boolean, text: string): void {
    const mark = isGood ? this.paint('green', '✔') : this.paint('red', '✘');
    const [first = '', ...others] = wrap(text, WIDTH - TEXT_INDENT.length);
    this.line(`${mark} ${first}`, MARK_INDENT);
    for (const other of others) this.line(other, TEXT_INDENT);
  }

  /** Writes the words of another program. */
  quote(text: string): void {
    const inner = `${TEXT_INDENT}  `;
    for (const line of wrap(text, WIDTH - inner.length)) this.line(this.paint('red', line), inner);
  }

  /** Writes the JSON of an audit record, with line breaks if it is too long for one line. */
  record(record: object): void {
    const fields = Object.entries(record);
    const pieces = fields.flatMap(([name, value], index) =>
      piecesOf(name, value, index === fields.length - 1 ? '}' : ','));
    let line = '{';
    let columns = line.length;
    for (const { name, json } of pieces) {
      if (columns > 1 && TEXT_INDENT.length + columns + name.length + json.length > WIDTH) {
        this.line(line, TEXT_INDENT);
        line = ' ';
        columns = 1;
      }
      line += (name === '' ? '' : this.paint('dim', name)) + json;
      columns += name.length + json.length;
    }
    this.line(line, TEXT_INDENT);
  }

  private paint(style: Style, text: string): string {
    return this.#isColoured ? `\u001b[${STYLE_CODES[style]}m${text}\u001b[0m` : text;
  }
}

const WIDTH = 80;
const MARK_INDENT = '   ';
const TEXT_INDENT = '     ';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan';

/** The codes that begin a style on a terminal (ECMA-48, "Select Graphic Rendition"). */
const STYLE_CODES: Record<Style, number> = { bold: 1, dim: 2, green: 32, red: 31, cyan: 36 };

/** The output for lines: standard output, or a test's replacement. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A part of a record that stays in one line: the name of a field, if it begins one, and JSON. */
interface Piece {
  readonly name: string;
  readonly json: string;
}

/** The parts of a field; each element of a list of objects is one. */
function piecesOf(name: string, value: unknown, separator: string): Piece[] {
  const label = `"${name}":`;
  const isList = Array.isArray(value) && value.some((element) => typeof element === 'object');
  if (!isList) return [{ name: label, json: JSON.stringify(value) + separator }];
  const elements = value.map((element: unknown, index) =>
    ({ name: '', json: JSON.stringify(element) + (index === value.length - 1 ? `]${separator}` : ',') }));
  return [{ name: label, json: '[' }, ...elements];
}

/** Breaks a text between its words. A word longer than `width` has a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > width && line !== '') {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
