// What the demo prints: plain text of 80 columns, with colours where a person looks at a terminal.

/** Writes the demo's lines. */
export class Page {
  readonly #isColoured: boolean;

  /** Colours are for terminals, and not for those who have set NO_COLOR (no-color.org). */
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

  /** Text as it is, at the left or indented. */
  line(text = '', indent = ''): void {
    this.to.write(text === '' ? '\n' : `${indent}${text}\n`);
  }

  /** Something to be typed. */
  command(text: string): void {
    this.line(this.paint('cyan', text), MARK_INDENT);
  }

  /** A promise that was kept, or not. */
  finding(isGood: boolean, text: string): void {
    const mark = isGood ? this.paint('green', '✔') : this.paint('red', '✘');
    const [first = '', ...others] = wrap(text, WIDTH - TEXT_INDENT.length);
    this.line(`${mark} ${first}`, MARK_INDENT);
    for (const other of others) this.line(other, TEXT_INDENT);
  }

  /** What was said by somebody else. */
  quote(text: string): void {
    const inner = `${TEXT_INDENT}  `;
    for (const line of wrap(text, WIDTH - inner.length)) this.line(this.paint('red', line), inner);
  }

  /** An audit record: its JSON, broken where it is too long for a line. */
  record(record: object): void {
    const fields = Object.entries(record).map(([name, value]) => ({ name, json: JSON.stringify(value) }));
    let line = '{';
    let columns = line.length;
    fields.forEach(({ name, json }, i) => {
      const separator = i === fields.length - 1 ? '}' : ',';
      const plainLength = name.length + json.length + 3 + separator.length;
      if (columns > 1 && TEXT_INDENT.length + columns + plainLength > WIDTH) {
        this.line(line, TEXT_INDENT);
        line = ' ';
        columns = 1;
      }
      line += `${this.paint('dim', `"${name}":`)}${json}${separator}`;
      columns += plainLength;
    });
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

/** How a terminal is told to begin a style (ECMA-48, "Select Graphic Rendition"). */
const STYLE_CODES: Record<Style, number> = { bold: 1, dim: 2, green: 32, red: 31, cyan: 36 };

/** Where lines are written to: standard output, or what a test puts in its place. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Breaks a text between its words; a word that is longer than `width` has a line of its own. */
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
