import { readRecord } from '../../../src/report/reading.js';
import type { WorldRun } from '../runWorld.js';

/**
 * Records are written to the file in their order, each as a whole line, or they are lost: then they are counted, and
 * the log says how many. No session waits for a disk: a world whose disk hangs to the end would show that ('every wait
 * ends').
 */
export const checkDisk = ({ program, records, plan, world, violations, log }: WorldRun): void => {
  if (plan.around?.disk === undefined) return;
  const [current, ...earlier] = program.files;
  const written = [...earlier, current!].flatMap((path) => linesOf(world.files.text(path)));
  const wrong = (text: string): void => violations.add('records are written', text);
  const lost = records.length - countInOrder(written, program.recordTexts, wrong);
  const said = log.reduce((sum, entry) => sum + Number(entry['droppedRecords'] ?? 0), 0);
  // A write that hangs may still end after its records were given up.
  const mayComeLate = plan.faults.some((fault) => fault.do === 'disk' && fault.state === 'hangs');
  for (const [who, count] of [['the log says', said], ['the metric counts', program.droppedRecords]] as const) {
    if (mayComeLate ? lost <= count : lost === count) continue;
    violations.add('lost records are said', `${lost} of ${records.length} records are lost, and ${who} ${count}`);
  }
  const { open } = world.files;
  if (open.size > 0 && world.files.disk !== 'hangs') {
    violations.add('nothing remains', `${open.size} open files of records`);
  }
};

/** The lines of a file. A line that has no end is the last one: its disk has failed in the middle of it. */
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

/** Counts the lines that are records, up to the first one that is not in the records' order. */
const countInOrder = (lines: readonly string[], records: readonly string[], wrong: (text: string) => void): number => {
  let next = 0;
  for (const [index, line] of lines.entries()) {
    const found = records.findIndex((record, at) => at >= next && isRecord(line, record));
    if (found < 0) {
      wrong(`line ${index + 1} of ${lines.length} is no record after the one before: ${line.slice(0, 200)}`);
      return index;
    }
    if (readRecord(line).kind === 'bad') wrong(`a report cannot read this line: ${line.slice(0, 200)}`);
    next = found + 1;
  }
  return lines.length;
};

/** Whether a line is this record, after its time. */
const isRecord = (line: string, record: string): boolean =>
  TIME.test(line.slice(0, TIME_LENGTH)) && line.slice(TIME_LENGTH) === record.slice(1);

const TIME = /^{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",$/;
const TIME_LENGTH = '{"time":"2030-01-01T00:00:00.000Z",'.length;
