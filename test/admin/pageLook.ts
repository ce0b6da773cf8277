import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { IS_WHOLE } from '../proof/scale.js';
import type { BrowserPage } from '../support/chromium.js';

// The live page as it looks. The pictures are for people to look at: they stay in `.tap/screenshots`.

const FOLDER = fileURLToPath(new URL('../../.tap/screenshots', import.meta.url));

const [SCREEN, PHONE] = [{ width: 1280, height: 900 }, { width: 390, height: 844 }];

/** All four ways in the whole proof; two of them, which have everything once, in the gate. */
const WAYS = IS_WHOLE
  ? [SCREEN, PHONE].flatMap((size) => (['light', 'dark'] as const).map((scheme) => ({ ...size, scheme })))
  : [{ ...SCREEN, scheme: 'light' as const }, { ...PHONE, scheme: 'dark' as const }];

/** Keeps a picture of a page. */
export const keepPicture = async (page: BrowserPage, name: string): Promise<void> => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.png`), await page.screenshot());
};

/** The controls that stand on each page. */
const CONTROLS = [/^button: Paused?$/, /^searchbox: Sessions with$/, /^searchbox: Events with$/, /^link: What to do$/];

/** The controls that the keyboard does not reach. */
const UNREACHED = `[...document.querySelectorAll('button, a, input, select, summary')]
  .filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex < 0).map((one) => one.outerHTML)`;

/** The elements that stick out on the right. What scrolls in its own box may. */
const STICKING_OUT = `[...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() &&
  one.closest('.scroll, pre, dialog, .skip, svg, thead, legend') === null &&
  one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((one) => one.outerHTML.slice(0, 200))`;

/**
 * Looks at a page in all ways: nothing sticks out, each control has a name and is reached by the keyboard, and the
 * script has not complained.
 * @param isGone the proxy does not answer: the browser itself complains of that
 */
export const look = async (t: Test, page: BrowserPage, name: string, isGone = false): Promise<void> => {
  for (const way of WAYS) {
    await page.look(way);
    await page.evaluate('scrollTo(0, 0)'); // else the banner stands in the middle of the picture
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    const { width, scheme } = way;
    t.ok(await page.evaluate<number>('document.documentElement.scrollWidth') <= width, `${name} fits ${width}`);
    t.strictSame(await page.evaluate(STICKING_OUT), [], `${name}: nothing sticks out of ${width}`);
    await keepPicture(page, `${name}-${width}-${scheme}`);
  }
  const told = await page.accessible();
  for (const control of CONTROLS) t.ok(told.some((one) => control.test(one)), `${name}: ${control}`);
  t.strictSame(await page.evaluate(UNREACHED), [], `${name}: the keyboard reaches every control`);
  const complaints = page.complaints.filter((complaint) =>
    !(isGone && /"source":"network"|Failed to fetch/.test(complaint)));
  t.strictSame(complaints, [], name);
  await page.look({ ...SCREEN, scheme: 'light' });
};
