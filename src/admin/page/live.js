// Fetches the data of the page, shows it, and fetches again.

const EVERY_MS = 2000;
const SLOWEST_MS = 15_000;

const $ = (id) => document.getElementById(id);

let token = null;
let latest = null;
let isPaused = false;
let failures = 0;
let timer = 0;
/** The slider's place for each unit, once somebody has moved it. */
const tried = { rows: null, bytes: null };

const unitName = () => document.querySelector('input[name=unit]:checked').value;

/** The width available to a picture, in pixels. */
const widthOf = (element) => Math.max(240, element.clientWidth);

function showState(text, className) {
  const state = $('state');
  if (state.textContent !== text) state.textContent = text;
  state.className = `state ${className}`;
}

function showSizes({ sizes, limits }) {
  const name = unitName();
  const [buckets, unit, limit] = [sizes[name], UNITS[name], limits[name]];
  const extent = extentOf(buckets, limit);
  const slider = $('what-if');
  slider.max = extent;
  slider.step = BUCKETS_PER_BAR;
  const start = Math.round(placeOf(limit ?? sizeAt(extent)) / BUCKETS_PER_BAR) * BUCKETS_PER_BAR;
  const place = Math.min(extent, tried[name] ?? start);
  slider.value = place;
  const total = buckets.reduce((sum, [, , count]) => sum + count, 0);
  const cut = cutBy(buckets, place);
  const size = unit.show(limitAt(place));
  slider.setAttribute('aria-valuetext', `${size}: cuts ${showCount(cut)} of ${showCount(total)}`);
  $('histogram').replaceChildren(histogramPicture(widthOf($('histogram')), buckets, unit, limit, place));
  const before = `A limit of ${size} would cut `;
  const behind = ` of ${showCount(total)} buffered results${total === 0 ? '' : ` (${showPart(cut / total)})`}.`;
  // A screen reader would read the same text again.
  if ($('verdict').textContent === `${before}${showCount(cut)}${behind}`) return;
  $('verdict').replaceChildren(before, make('b', '', showCount(cut)), behind);
}

/** Puts rows into a table, or a text if there are none. */
function fill(body, rows, columns, none) {
  const focused = document.activeElement?.closest('details')?.dataset.digest;
  if (rows.length > 0) body.replaceChildren(...rows);
  else {
    const only = cell('empty', '', none);
    only.colSpan = columns;
    body.replaceChildren(make('tr', '', only));
  }
  if (focused !== undefined) body.querySelector(`details[data-digest="${CSS.escape(focused)}"] summary`)?.focus();
}

function showSessionTable({ sessions, limits, openSessions }) {
  fill($('sessions'), sessions.map((session) => sessionRow(session, limits)), 5, 'Nobody is connected.');
  $('sessions-note').textContent = openSessions > sessions.length
    ? `${sessions.length} of ${showCount(openSessions)}`
    : '';
}

/** Shows the cost of statements. Several workers do not keep it; then these parts are absent. */
function showStatistics(view) {
  const { totals, digests } = view;
  const isKept = totals !== undefined;
  for (const part of document.querySelectorAll('.statistics')) part.hidden = !isKept;
  $('no-statistics').hidden = isKept;
  if (!isKept) return;
  showSizes(view);
  $('cuts').replaceChildren(timelinePicture(widthOf($('cuts')), view.cutsOverTime));
  const open = new Set([...document.querySelectorAll('#digests details[open]')].map(({ dataset }) => dataset.digest));
  showGroupings(view);
  const groups = view.groupBy === 'digest' ? digests : view.groups.map(asDigest);
  const rows = groups.map((group) => digestRow(group, totals.bytes, open.has(group.digest)));
  fill($('digests'), rows, 7, 'No statement has ended yet.');
  $('digests-note').textContent = groupsNote(view);
}

/** Offers the properties that statements can be grouped by. */
function showGroupings({ groupings, groupBy }) {
  const select = $('group-by');
  if (select.options.length !== groupings.length) {
    select.replaceChildren(...groupings.map((grouping) => new Option(grouping.replace(/^tag:/, ''), grouping)));
    select.value = groupBy;
  }
}

function groupsNote({ groupBy, groupedSince, groupsForgotten, digestsForgotten }) {
  if (groupBy === 'digest') return digestsForgotten ? 'Only the statements with the most bytes are kept.' : '';
  const since = `Counted since ${new Date(groupedSince).toLocaleTimeString()}.`;
  return groupsForgotten ? `${since} Only those with the most bytes are kept.` : since;
}

/** Shows the state of the proxy last, so that it never stands above a page that could not be shown. */
function show(view) {
  $('tiles').replaceChildren(...tiles(view));
  showStatistics(view);
  showSessionTable(view);
  const [good, text] = view.isReady ? ['good', 'running'] : ['bad', 'stopping'];
  const mode = view.mode === 'audit' ? 'only watching' : 'enforcing';
  showState(`${text}, ${mode}, ${counted(view.openSessions, 'session')}`, good);
}

function sayUnreachable(error) {
  showState(latest === null ? 'cannot be reached' : 'cannot be reached; the figures are the last known', 'bad');
  console.warn(String(error));
}

/** The proxy's answer cannot be shown. */
function sayFailed(reason) {
  showState(`this page has failed: ${reason}`, 'bad');
}

/** The order and the grouping that are chosen. */
function question() {
  const groupBy = $('group-by').value;
  return new URLSearchParams({ idle: '', order: $('order').value, ...(groupBy === 'digest' ? {} : { groupBy }) });
}

/** Fetches the data. If the proxy cannot be reached, shows that and returns null. */
async function fetchLive() {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  try {
    return await fetch(`live?${question()}`, { headers, cache: 'no-store' });
  } catch (error) {
    sayUnreachable(error);
    return null;
  }
}

/** Returns whether everything is shown, or the page is asking for the token. */
async function ask() {
  const response = await fetchLive();
  if (response === null) return false;
  if (response.status === 401 || response.status === 403) {
    const isWrong = token !== null;
    token = null;
    askForToken(isWrong ? 'That is not the token.' : '', await response.text(), response.status === 401);
    return true;
  }
  if (!response.ok) throw new Error(`the proxy answered ${response.status}: ${(await response.text()).trim()}`);
  latest = await response.json();
  $('login').hidden = true;
  $('main').hidden = false;
  show(latest);
  return true;
}

function askForToken(refusal, reason, canHelp) {
  clearTimeout(timer);
  $('main').hidden = true;
  $('login').hidden = !canHelp;
  $('refusal').textContent = refusal;
  showState(canHelp ? 'locked' : reason, 'bad');
  isPaused = true;
  if (canHelp) $('token').focus();
}

async function turn() {
  clearTimeout(timer);
  const isShown = await ask().catch((error) => {
    sayFailed(error.message);
    console.error(error);
    return false;
  });
  failures = isShown ? 0 : failures + 1;
  if (!isPaused && !document.hidden) timer = setTimeout(turn, Math.min(SLOWEST_MS, EVERY_MS * (1 + failures)));
}

// Errors between two fetches, such as after a move of the slider.
addEventListener('error', ({ message }) => sayFailed(message));
$('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  $('pause').setAttribute('aria-pressed', String(isPaused));
  if (isPaused) clearTimeout(timer);
  else void turn();
});
$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value.trim();
  $('token').value = '';
  isPaused = false;
  void turn();
});
$('what-if').addEventListener('input', (event) => {
  tried[unitName()] = Number(event.target.value);
  if (latest !== null) showSizes(latest);
});
for (const choice of document.querySelectorAll('input[name=unit]')) {
  choice.addEventListener('change', () => latest !== null && showSizes(latest));
}
$('order').addEventListener('change', () => void turn());
$('group-by').addEventListener('change', () => void turn());
addEventListener('resize', () => latest !== null && show(latest));
document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else if (!isPaused) void turn();
});
showState('connecting…', '');
void turn();
