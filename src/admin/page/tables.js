// Tables and tiles. Text from statements, users and programs becomes text nodes only, made by `make` alone.

/** An element with a class and children. Text stays text. */
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  const shown = children.filter((child) => child !== null);
  element.append(...shown.map((child) => (typeof child === 'string' ? shownAsItself(child) : child)));
  return element;
}

function cell(className, label, ...children) {
  const element = make('td', className, ...children);
  if (label) element.dataset.label = label;
  return element;
}

/** A bar of this part, from 0 to 1. */
function meter(part) {
  const bar = make('i', part > 1 ? 'over' : '');
  bar.style.width = `${Math.min(100, part * 100).toFixed(1)}%`;
  const track = make('span', 'meter', bar);
  track.setAttribute('aria-hidden', 'true');
  return track;
}

/** An element that keeps the focus when it is made anew with the same key. */
function keyed(element, key) {
  element.dataset.key = key;
  return element;
}

/** A button that copies a text, or selects it if the browser does not allow copying. */
function copyButton(text, key, source = null) {
  const button = keyed(make('button', 'copy', 'Copy'), key);
  button.type = 'button';
  button.setAttribute('aria-label', `Copy ${text.length > 60 ? 'the statement' : text}`);
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(source ?? button.previousElementSibling ?? button);
      button.textContent = 'Selected';
    }
  });
  return button;
}

/** A statement in a box that scrolls, with a button that copies it; empty if there is no statement. */
function sqlBox(sql, key, isTruncated = false) {
  if (sql === null || sql === undefined) return [];
  const text = keyed(make('pre', 'sqlbox', sql), key);
  text.tabIndex = 0;
  text.setAttribute('aria-label', 'The statement');
  return [make('div', 'sqlframe', text, copyButton(sql, `copy ${key}`, text)),
    isTruncated ? make('p', 'note', 'Only its front is kept: see audit.sqlBytes.') : null];
}

function tile(name, value, more, className = '') {
  return make('div', `tile ${className}`, make('dt', '', name), make('dd', '', value, make('span', 'more', more)));
}

/** What was cut and why, such as `default: 3 by rows`. */
function cutReasons(reasons, key) {
  return reasons.filter((one) => one[key] > 0).sort((one, other) => other[key] - one[key]).slice(0, 3)
    .map((one) => `${one.rule}: ${showCount(one[key])} by ${one.reason}`).join(', ');
}

/** The tiles about the cost of statements, if it is kept. */
function totalTiles({ totals, mode, cutReasons: reasons }) {
  if (totals === undefined) return [];
  const {
    executions, rows, bytes, requestBytes, affectedRows, cuts, wouldCuts, admitted, refusals, wouldRefuses,
  } = totals;
  return [
    tile('Statements', showCount(executions), `${showRows(rows)}, ${showSize(bytes)}`),
    tile('Sent', showSize(requestBytes), `${showRows(affectedRows)} changed`),
    tile('Cut', showCount(cuts),
      cutReasons(reasons, 'cuts') || (mode === 'audit' ? 'only watching' : 'enforcing'), cuts > 0 ? 'cut' : ''),
    ...wouldCuts === 0 && mode !== 'audit' ? [] : [tile('Would have been cut', showCount(wouldCuts),
      cutReasons(reasons, 'wouldCuts') || 'but only recorded', wouldCuts > 0 ? 'would' : '')],
    tile('Let through', showCount(admitted), 'beyond a limit, as streams'),
    ...refusals + wouldRefuses === 0 ? [] : [tile('Refused', showCount(refusals),
      wouldRefuses > 0 ? `+${showCount(wouldRefuses)} audit only` : 'by a rule', refusals > 0 ? 'cut' : 'would')],
  ];
}

/** The text under the number of sessions if no client is stalled. */
function sessionsText(openSessions, inTransaction) {
  if (openSessions === 0) return 'nobody is connected';
  return inTransaction > 0 ? `${showCount(inTransaction)} in transaction` : 'all are reading';
}

function sessionTile({ openSessions, maxSessions, sessionCounts }) {
  const { stalled = 0, 'in-transaction': open = 0 } = sessionCounts.states;
  const isFull = openSessions >= maxSessions;
  const shown = stalled === 0
    ? tile('Sessions', showCount(openSessions), sessionsText(openSessions, open), isFull ? 'cut' : '')
    : tile('Sessions', showCount(openSessions), stalledLink(stalled), 'stall');
  if (isFull) shown.querySelector('dd').append(make('span', 'more', `connections.max is ${showCount(maxSessions)}: others are turned away`));
  return shown;
}

/** Leads to the sessions whose clients do not read. */
function stalledLink(stalled) {
  const link = keyed(make('a', '', `${showCount(stalled)} not reading`), 'stalled');
  link.href = '#sessions-card';
  link.addEventListener('click', (event) => {
    event.preventDefault();
    filterSessions('', 'stalled');
    goTo('sessions-card');
  });
  return link;
}

/** Memory: of the container if it has a limit, else of the process. */
function memoryTile({ memoryBytes, container, workers }) {
  if (container === null) {
    const whose = workers === 1 ? 'of this process' : `of the primary, without its ${workers} workers`;
    return tile('Memory', showSize(memoryBytes), whose);
  }
  const { usedBytes, limitBytes, isShort } = container;
  const says = `of ${showSize(limitBytes)} for the container${isShort ? ': new clients are turned away' : ''}`;
  const shown = tile('Memory', showSize(usedBytes), says, isShort ? 'cut' : '');
  shown.querySelector('dd').append(meter(usedBytes / limitBytes));
  return shown;
}

function tiles(view) {
  const { budget } = view;
  const budgetOf = budget.maxBytes === null ? 'no budget' : `of ${showSize(budget.maxBytes)} budget`;
  const budgetTile = tile('Results under way', showSize(budget.usedBytes), budgetOf);
  if (budget.maxBytes !== null) budgetTile.querySelector('dd').append(meter(budget.usedBytes / budget.maxBytes));
  return [
    sessionTile(view),
    ...totalTiles(view),
    budgetTile,
    memoryTile(view),
  ];
}

function names(list, sent) {
  const shown = list.slice(0, 4).map(({ name, results }) => `${name || '(none)'} ${showPart(results / sent)}`);
  return shown.join(', ');
}

/** A statement and, if it is open, its users and an example. */
function statement(group, isOpen) {
  const {
    digest, digestText, executions, users, programs, routes, statements, example, lowerBounds, requestBytes,
    affectedRows,
  } = group;
  const sent = executions + group.refusals + group.wouldRefuses;
  const known = [
    `digest ${digest || 'unknown'}`, `users ${names(users, sent)}`, `programs ${names(programs, sent)}`,
  ];
  if (routes.length > 0) known.push(`routes ${names(routes, sent)}`);
  if (statements !== undefined) known[0] = `statements ${names(statements, sent)}`;
  known.push(`sent ${showSize(requestBytes)}${affectedRows > 0 ? `, ${showRows(affectedRows)} changed` : ''}`);
  if (lowerBounds > 0) known.push(`the end of ${showCount(lowerBounds)} was not seen`);
  const details = make('details', '', keyed(make('summary', '', make('code', '', digestText ?? digest ?? '(not known)')), `digest ${digest}`),
    ...known.map((fact) => make('span', 'sub', fact)));
  if (example !== null && example.sql !== null) {
    const about = example.heaviestColumn === null ? 'the largest:' : `the largest, ${example.heaviestColumn}:`;
    details.append(make('span', 'sub', about), ...sqlBox(example.sql, `example ${digest}`).filter(Boolean));
  }
  details.dataset.digest = digest;
  details.open = isOpen;
  return details;
}

/** A group by another property, in the form of a digest. */
function asDigest({ name, digests, ...group }) {
  const statements = digests.map(({ digest, digestText, results }) => ({ name: digestText ?? digest, results }));
  return { ...group, digest: name, digestText: name || '(none)', statements };
}

/** The rows, the bytes, or the stalls, of a statement that has no result. */
const NO_RESULTS = { sum: 0, p95: 0, max: 0 };

function digestRow(digest, totalBytes, isOpen) {
  const { executions, cuts, wouldCuts, admitted, refusals, wouldRefuses, mayMiss } = digest;
  const bytes = digest.bytes ?? NO_RESULTS;
  const rows = digest.rows ?? NO_RESULTS;
  const stallMs = digest.stallMs ?? NO_RESULTS;
  return make('tr', '', cell('sql', '', statement(digest, isOpen)),
    cell('number', 'Runs', showCount(executions)),
    cell('number', 'Bytes', showSize(bytes.sum), meter(totalBytes === 0 ? 0 : bytes.sum / totalBytes),
      mayMiss > 0 ? make('span', 'sub', `up to ${showSize(mayMiss)} more`) : null),
    cell('number', 'Rows p95', showCount(rows.p95)),
    cell('number', 'Largest', showSize(bytes.max), make('span', 'sub', showRows(rows.max))),
    cell('number', 'Stall', stallMs.sum === 0 ? '–' : showTime(stallMs.sum)),
    cell('number', 'Cuts', cuts + wouldCuts === 0 ? '–' : showCount(cuts),
      wouldCuts > 0 ? make('span', 'sub', `+${showCount(wouldCuts)} audit only`) : null,
      admitted > 0 ? make('span', 'sub', `${showCount(admitted)} let through`) : null,
      refusals > 0 ? make('span', 'sub', make('span', 'badge cut', `${showCount(refusals)} refused`)) : null,
      wouldRefuses > 0 ? make('span', 'sub', `${showCount(wouldRefuses)} would be refused`) : null));
}
