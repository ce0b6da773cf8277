const WIDTH = 80;
/** A placeholder for a blank at which no line may break. */
const TIED = '\u0000';

/** Breaks an item of a list into lines of at most 80 columns. A short piece of code stays on one line. */
export const filled = (item: string): string => {
  const words = item.replace(/`[^`]{1,60}`/g, (code) => code.replaceAll(' ', TIED)).split(' ');
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `  ${word}`;
    } else {
      line += line === '' ? word : ` ${word}`;
    }
  }
  return [...lines, line].join('\n').replaceAll(TIED, ' ');
};
