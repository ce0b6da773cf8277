import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { isMissing } from '../support/drivers.js';
import { allCells, type Cell, driverOf, gateCells, nameOf } from './readers/cells.js';
import { Outcomes } from './readers/outcomes.js';
import { isGood, wantedOf } from './readers/rules.js';
import { runAll } from './readers/schedule.js';
import { Stage } from './readers/stage.js';
import { showMatrix } from './readers/table.js';
import { IS_WHOLE, SCALE } from './scale.js';

// Sluice cuts every program that reads a result into memory, and none that works on its rows. Real drivers show that,
// in each of their ways to read. The whole matrix takes hours. It stores its findings, and resumes from them.

const RESULTS = fileURLToPath(new URL('results', import.meta.url));
const HOURS = 4;

if (IS_WHOLE) t.setTimeout(HOURS * 3600 * 1000);

const cells = IS_WHOLE ? allCells() : gateCells();
const stage = await Stage.set(t);
const reasonToSkip = (cell: Cell): string | false => isMissing(driverOf(cell)) || stage.lacks(cell);

if (IS_WHOLE) mkdirSync(RESULTS, { recursive: true });
const outcomes = new Outcomes(IS_WHOLE ? `${RESULTS}/readers.jsonl` : null);
await runAll(t, stage, cells.filter((cell) => reasonToSkip(cell) === false), SCALE.readerRuns, outcomes);
const table = showMatrix(cells, outcomes);
if (IS_WHOLE) writeFileSync(`${RESULTS}/readers.md`, table);
else for (const line of table.split('\n')) t.comment(line);

for (const cell of cells) {
  const wanted = { cut: 'is cut', lived: 'lives', null: 'is cut or lives' }[`${wantedOf(cell)}`];
  void t.test(`${nameOf(cell)}: ${wanted}`, { skip: reasonToSkip(cell) }, (t) => {
    for (const outcome of outcomes.of(cell)) t.ok(isGood(cell, outcome), JSON.stringify(outcome));
    t.end();
  });
}
