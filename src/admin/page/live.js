// Fetches the data of the page, shows it, and fetches again.

const EVERY_MS = 2000;
const SLOWEST_MS = 15_000;
/** The most rows of sessions that can be open. */
const MOST_OPEN = 5;
const PAGE = 50;

const $ = (id) => document.getElementById(id);

let token = null;
let latest = null;
let isPaused = false;
let failures = 0;
/** The number of requests for the page's data so far. */
let questions = 0;
let timer = 0;
/** The time of the proxy's last answer, in ms. */
let answeredAt = 0;
/** Whether the unit of sizes was chosen: by a person, or by the first cuts. */
let isUnitChosen = false;
let isIdleShown = false;
/** Whether the last request got no answer. */
let isGone = false;
/** The sessions before those that are shown, and those before the next ones. */
let skip = 0;
let nextSkip = 0;
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
  $('histogram').replaceChildren(histogramPicture(widthOf($('histogram')), buckets, unit, limit, place, tried[name] !== null));
  const isNearest = tried[name] === null && limit !== null && size !== unit.show(limit);
  const before = `A limit of ${size}${isNearest ? ', the nearest to yours on this scale,' : ''} would cut `;
  const behind = ` of ${showCount(total)} buffered results${total === 0 ? '' : ` (${showPart(cut / total)})`}.`;
  // A screen reader would read the same text again.
  if ($('verdict').textContent === `${before}${showCount(cut)}${behind}`) return;
  $('verdict').replaceChildren(before, make('b', '', showCount(cut)), behind);
}

/** Puts rows into a table, or a text if there are none. What has the focus keeps it. */
function fill(body, rows, columns, none) {
  const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const scrolled = new Map([...body.querySelectorAll('pre[data-key]')].map((box) => [box.dataset.key, box.scrollTop]));
  if (rows.length > 0) body.replaceChildren(...rows);
  else {
    const only = cell('empty', '', none);
    only.colSpan = columns;
    body.replaceChildren(make('tr', '', only));
  }
  for (const [key, top] of scrolled) {
    const box = body.querySelector(`pre[data-key="${CSS.escape(key)}"]`);
    if (box !== null) box.scrollTop = top;
  }
  if (focused !== undefined) body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** Offers these values in a list, after the one for all. */
function offer(select, values, nameOf) {
  const before = select.value;
  const known = [...select.options].slice(1).map(({ value }) => value);
  const all = before === '' || values.includes(before) ? values : [...values, before];
  if (all.length === known.length && all.every((value) => known.includes(value))) return;
  select.replaceChildren(select.options[0], ...all.map((value) => new Option(nameOf(value), value)));
  select.value = before;
}

function showSessionTable(view) {
  const { sessions, limits, sessionCounts: counts, sessionsSkipped: skipped } = view;
  const listed = counts.matching - (listsIdle() ? 0 : counts.idle);
  const none = counts.open === 0 ? 'Nobody is connected.' : counts.matching === 0 ? noSession() : 'Nothing runs.';
  const rows = sessions.flatMap((session) => sessionRows(session, limits, view.canKill));
  fill($('sessions'), rows, 6, none);
  $('idle').hidden = counts.idle === 0 || $('filter-state').value === 'idle';
  $('idle').setAttribute('aria-expanded', String(isIdleShown));
  $('idle').textContent = `${showCount(counts.idle)} idle`;
  const last = skipped + sessions.length;
  $('sessions-note').textContent = listed > sessions.length ? `${skipped + 1} to ${last} of ${showCount(listed)}` : '';
  $('pager').hidden = listed <= sessions.length;
  $('earlier').disabled = skipped === 0;
  $('later').disabled = last >= listed;
  nextSkip = last;
  offer($('filter-state'), Object.keys(STATES).filter((state) => state in counts.states), (state) => STATES[state]);
}

/** The text in place of the list if no session passes the filter. */
function noSession() {
  const [, number] = /\bsession:(\d+)/.exec($('filter-text').value) ?? [];
  return number === undefined ? 'No session passes the filter.' : `Session ${number} is not there any more.`;
}

/** Puts the sessions first if one is stalled. */
function orderSections({ sessionCounts: { states } }) {
  const isStalled = (states.stalled ?? 0) > 0;
  const card = $('sessions-card');
  const isFirst = $('welcome').nextElementSibling === card;
  if (isStalled === isFirst) return;
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  if (isStalled) $('welcome').after(card);
  else $('events-card').before(card);
  focused?.focus({ preventScroll: true });
}

/** Shows the cost of statements; hides it if no worker reports it. */
function showStatistics(view) {
  const { totals, digests } = view;
  const isKept = totals !== undefined;
  for (const part of document.querySelectorAll('.statistics')) part.hidden = !isKept;
  if (!isKept) return;
  chooseUnit(view);
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

function groupsNote({ groupBy, groupedSince, groupsForgotten, digestsForgotten, quantileError, totals }) {
  const error = totals.executions === 0 ? '' : ` p95 is within ${showPart(quantileError)}.`;
  if (groupBy === 'digest') return `${digestsForgotten ? 'Only the statements with the most bytes are kept.' : ''}${error}`.trim();
  const since = `Counted since ${showMoment(groupedSince)}.`;
  return `${since}${groupsForgotten ? ' Only those with the most bytes are kept.' : ''}${error}`;
}

/** Chooses the unit of sizes: that of the cuts, or without a cut one that has a limit. */
function chooseUnit({ cutReasons: reasons, limits }) {
  if (isUnitChosen) return;
  const cutsBy = (unit) => reasons.filter(({ reason }) => reason === unit)
    .reduce((sum, { cuts, wouldCuts }) => sum + cuts + wouldCuts, 0);
  const [rows, bytes] = [cutsBy('rows'), cutsBy('bytes')];
  const unit = rows > bytes || (rows === bytes && limits.bytes === null && limits.rows !== null) ? 'rows' : 'bytes';
  isUnitChosen = rows + bytes > 0;
  document.querySelector(`input[name=unit][value=${unit}]`).checked = true;
}

/** Shows all parts. The state of the proxy comes last, so that it never stands above a page that could not be shown. */
function show(view) {
  fill($('tiles'), tiles(view), 0, '');
  showAbout(view);
  showWelcome(view);
  showStatistics(view);
  showSessionTable(view);
  showEvents();
  orderSections(view);
  showNow();
}

/** Shows whether the page is up to date. */
function showNow() {
  if (isGone) {
    showState('no answer', 'bad');
    showBanner(`No answer since ${showMoment(answeredAt)}, showing the last state`, 'gone');
    return;
  }
  if (isPaused) {
    showState('paused', '');
    showBanner(`Paused, showing ${showMoment(answeredAt)}`, 'paused');
    return;
  }
  const [good, text] = latest.isReady ? ['good', 'running'] : ['bad', 'stopping'];
  const mode = latest.mode === 'audit' ? 'only watching' : 'enforcing';
  showState(`${text}, ${mode}, ${counted(latest.openSessions, 'session')}`, good);
  showBanner('', '');
}

function sayUnreachable(error) {
  isGone = true;
  if (latest === null) showState('cannot be reached', 'bad');
  else showNow();
  console.warn(String(error));
}

/** Shows that the proxy's answer could not be shown. */
function sayFailed(reason) {
  showState(`this page has failed: ${reason}`, 'bad');
}

const listsIdle = () => isIdleShown || $('filter-state').value === 'idle';

/** The filter of the sessions as query keys: a word is a part of any name, `user:app` a part of one. */
function sessionQuestion() {
  const asked = {};
  const words = [];
  for (const word of $('filter-text').value.split(/\s+/).filter(Boolean)) {
    const [, field, value] = /^(user|schema|program|client|digest|session):(.+)$/.exec(word) ?? [];
    if (field === undefined) words.push(word);
    else asked[field] = value;
  }
  if (words.length > 0) asked.text = words.join(' ');
  if ($('filter-state').value !== '') asked.state = $('filter-state').value;
  if (listsIdle()) asked.idle = '';
  if (skip > 0) asked.skip = skip;
  return asked;
}

/** The query of a request for the page's data. */
function question() {
  const groupBy = $('group-by').value;
  return new URLSearchParams({
    ...sessionQuestion(), events: lastEvent(), order: $('order').value, ...(groupBy === 'digest' ? {} : { groupBy }),
  });
}

const authorization = () => (token === null ? {} : { authorization: `Bearer ${token}` });

/** Fetches the data. If the proxy cannot be reached, shows that and returns null. */
async function fetchLive() {
  try {
    return await fetch(`live?${question()}`, { headers: authorization(), cache: 'no-store' });
  } catch (error) {
    sayUnreachable(error);
    return null;
  }
}

/** Fetches the details of the open rows. Closes the rows of sessions that have gone. */
async function fetchOpened(view) {
  await Promise.all(view.sessions.map(({ session }) => session).filter((one) => opened.has(one)).map(async (number) => {
    const response = await fetch(`sessions/${number}`, { headers: authorization(), cache: 'no-store' }).catch(() => null);
    if (response?.ok && opened.has(number)) opened.set(number, await response.json());
    else if (response?.status === 404) opened.delete(number);
  }));
}

/** Opens or closes the row of a session. */
async function toggleSession(number) {
  if (opened.has(number)) opened.delete(number);
  else {
    opened.set(number, null);
    for (const [oldest] of opened) if (opened.size > MOST_OPEN) opened.delete(oldest);
    if (latest !== null) await fetchOpened(latest);
  }
  if (latest !== null) showSessionTable(latest);
}

function filterSessions(text, state) {
  $('filter-text').value = text;
  if (state !== '' && ![...$('filter-state').options].some(({ value }) => value === state)) {
    $('filter-state').add(new Option(STATES[state], state));
  }
  $('filter-state').value = state;
  refilter();
}

/** Asks for the first sessions of another filter. */
function refilter() {
  skip = 0;
  void turn();
}

function goTo(id) {
  $(id).scrollIntoView({ block: 'start' });
  $(id).focus({ preventScroll: true });
}

/** Leads to a session. */
function showSession(number) {
  opened.set(number, null);
  isIdleShown = true;
  filterSessions(`session:${number}`, '');
  goTo('sessions-card');
}

/** Leads to a digest: to its statistics if they are shown, else to its events. */
function showDigest(digest) {
  const found = document.querySelector(`#digests details[data-digest="${CSS.escape(digest)}"]`);
  if (found === null) {
    $('events-text').value = `digest:${digest}`;
    showEvents();
    goTo('events-card');
    return;
  }
  found.open = true;
  found.scrollIntoView({ block: 'center' });
  found.querySelector('summary').focus({ preventScroll: true });
}

/**
 * Returns whether everything is shown, or the page is asking for the token. An answer that comes after a later question
 * is not shown.
 */
async function ask() {
  questions += 1;
  const own = questions;
  const response = await fetchLive();
  if (response === null) return false;
  if (response.status === 401 || response.status === 403) {
    const isWrong = token !== null;
    token = null;
    askForToken(isWrong ? 'That is not the token.' : '', await response.text(), response.status === 401);
    return true;
  }
  if (!response.ok) throw new Error(`the proxy answered ${response.status}: ${(await response.text()).trim()}`);
  const view = await response.json();
  await fetchOpened(view);
  if (own !== questions) return true;
  latest = view;
  answeredAt = Date.now();
  isGone = false;
  keepEvents(latest.events);
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
  if (isPaused && latest !== null) showNow();
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
  choice.addEventListener('change', () => {
    isUnitChosen = true;
    if (latest !== null) showSizes(latest);
  });
}
for (const form of document.querySelectorAll('form.filter')) form.addEventListener('submit', (event) => event.preventDefault());
$('filter-text').addEventListener('input', refilter);
$('filter-state').addEventListener('change', refilter);
$('idle').addEventListener('click', () => {
  isIdleShown = !isIdleShown;
  refilter();
});
$('earlier').addEventListener('click', () => {
  skip = Math.max(0, skip - PAGE);
  void turn();
});
$('later').addEventListener('click', () => {
  skip = nextSkip;
  void turn();
});
for (const id of ['events-text', 'events-kind']) {
  $(id).addEventListener('input', () => {
    shownEvents = EVENTS_SHOWN;
    showEvents();
  });
}
$('more-events').addEventListener('click', () => {
  shownEvents += 50;
  showEvents();
});
$('ask-do').addEventListener('click', () => void giveOrder());
$('order').addEventListener('change', () => void turn());
$('group-by').addEventListener('change', () => void turn());
addEventListener('resize', () => latest !== null && show(latest));
document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else if (!isPaused) void turn();
});
showState('connecting…', '');
void turn();
