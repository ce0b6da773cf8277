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

function tile(name, value, more, className = '') {
  return make('div', `tile ${className}`, make('dt', '', name), make('dd', '', value, make('span', 'more', more)));
}

/** The tiles about the cost of statements, if it is kept. */
function totalTiles({ totals, mode }) {
  if (totals === undefined) return [];
  const {
    executions, rows, bytes, requestBytes, affectedRows, cuts, wouldCuts, admitted, refusals, wouldRefuses,
  } = totals;
  return [
    tile('Statements', showCount(executions), `${showRows(rows)}, ${showSize(bytes)}`),
    tile('Sent', showSize(requestBytes), `${showRows(affectedRows)} changed`),
    tile('Cut', showCount(cuts), mode === 'audit' ? 'only watching' : 'enforcing', cuts > 0 ? 'cut' : ''),
    tile('Would have been cut', showCount(wouldCuts), 'but only recorded', wouldCuts > 0 ? 'would' : ''),
    tile('Let through', showCount(admitted), 'beyond a limit, as streams'),
    ...refusals + wouldRefuses === 0 ? [] : [tile('Refused', showCount(refusals),
      wouldRefuses > 0 ? `+${showCount(wouldRefuses)} audit only` : 'by a rule', refusals > 0 ? 'cut' : 'would')],
  ];
}

function tiles(view) {
  const { openSessions, stalledSessions, memoryBytes, budget, workers } = view;
  const budgetOf = budget.maxBytes === null ? 'no budget' : `of ${showSize(budget.maxBytes)} budget`;
  const budgetTile = tile('Results under way', showSize(budget.usedBytes), budgetOf);
  if (budget.maxBytes !== null) budgetTile.querySelector('dd').append(meter(budget.usedBytes / budget.maxBytes));
  return [
    ...totalTiles(view),
    tile('Sessions', showCount(openSessions),
      stalledSessions > 0 ? `${stalledSessions} not reading` : 'all are reading', stalledSessions > 0 ? 'stall' : ''),
    budgetTile,
    tile('Memory', showSize(memoryBytes),
      workers === 1 ? 'of this process' : `of the primary, without its ${workers} workers`),
  ];
}

/** The state of a session, as a badge. */
function doing({ state, stalledMs, ageMs, command }) {
  if (stalledMs !== null) return [make('span', 'badge stall', `not reading for ${showTime(stalledMs)}`)];
  if (state === 'discarding') return [make('span', 'badge cut', 'cut, discarding the rest')];
  if (command === null) return [make('span', 'badge', state), make('span', 'sub', `connected for ${showTime(ageMs)}`)];
  return [make('span', 'badge running', state), make('span', 'sub', `for ${showTime(command.runningMs)}`)];
}

/** The reason why a result may be so large. */
function streamingMark({ signal, isAdmitted }) {
  if (!isAdmitted) return make('span', 'sub', `streaming (${signal}): has limits of its own`);
  return make('span', 'sub', make('span', 'badge admitted', 'let through'), ` beyond its limit: streaming (${signal})`);
}

function sessionRow(session, limits) {
  const { user, schema, program, client, command } = session;
  const who = cell('who', '', make('b', '', user || '(nobody yet)'), schema ? ` in ${schema}` : '',
    make('span', 'sub', [program, client].filter(Boolean).join(' · ')));
  if (command === null) {
    return make('tr', '', who, cell('', '', ...doing(session)), cell('sql'), cell('number'), cell('number'));
  }
  const text = command.digestText ?? command.digest ?? command.command;
  // Unlimited is null. Every amount is 0% of it.
  const parts = [command.rows / (limits.rows ?? Infinity), command.bytes / (limits.bytes ?? Infinity)];
  const isStreaming = command.class === 'streaming';
  const sql = cell('sql', '', make('code', '', text),
    isStreaming ? streamingMark(command) : null);
  return make('tr', '', who, cell('', '', ...doing(session)), sql,
    cell('number', 'Rows', showCount(command.rows)),
    cell('number', 'Bytes so far', showSize(command.bytes), isStreaming ? null : meter(Math.max(...parts))));
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
  const facts = [
    `digest ${digest || 'unknown'}`, `users ${names(users, sent)}`, `programs ${names(programs, sent)}`,
  ];
  if (routes.length > 0) facts.push(`routes ${names(routes, sent)}`);
  if (statements !== undefined) facts[0] = `statements ${names(statements, sent)}`;
  facts.push(`sent ${showSize(requestBytes)}${affectedRows > 0 ? `, ${showRows(affectedRows)} changed` : ''}`);
  if (lowerBounds > 0) facts.push(`the end of ${showCount(lowerBounds)} was not seen`);
  const details = make('details', '', make('summary', '', make('code', '', digestText ?? digest ?? '(not known)')),
    ...facts.map((fact) => make('span', 'sub', fact)));
  if (example !== null && example.sql !== null) {
    const about = example.heaviestColumn === null ? 'the largest:' : `the largest, ${example.heaviestColumn}:`;
    details.append(make('span', 'sub', about), make('code', '', example.sql));
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
  const { executions, cuts, wouldCuts, admitted, refusals, wouldRefuses } = digest;
  const bytes = digest.bytes ?? NO_RESULTS;
  const rows = digest.rows ?? NO_RESULTS;
  const stallMs = digest.stallMs ?? NO_RESULTS;
  return make('tr', '', cell('sql', '', statement(digest, isOpen)),
    cell('number', 'Runs', showCount(executions)),
    cell('number', 'Bytes', showSize(bytes.sum), meter(totalBytes === 0 ? 0 : bytes.sum / totalBytes)),
    cell('number', 'Rows p95', showCount(rows.p95)),
    cell('number', 'Largest', showSize(bytes.max), make('span', 'sub', showRows(rows.max))),
    cell('number', 'Stall', stallMs.sum === 0 ? '–' : showTime(stallMs.sum)),
    cell('number', 'Cuts', cuts + wouldCuts === 0 ? '–' : showCount(cuts),
      wouldCuts > 0 ? make('span', 'sub', `+${showCount(wouldCuts)} audit only`) : null,
      admitted > 0 ? make('span', 'sub', `${showCount(admitted)} let through`) : null,
      refusals > 0 ? make('span', 'sub', make('span', 'badge cut', `${showCount(refusals)} refused`)) : null,
      wouldRefuses > 0 ? make('span', 'sub', `${showCount(wouldRefuses)} would be refused`) : null));
}
