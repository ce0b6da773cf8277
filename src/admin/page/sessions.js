// The table of sessions: one row each, which opens to all that may be shown.

const STATES = {
  'stalled': 'stalled', 'running': 'running', 'reading-slowly': 'reading slowly', 'held-back': 'held back',
  'waiting-for-budget': 'waiting for the budget', 'discarding': 'draining', 'in-transaction': 'in transaction',
  'idle': 'idle', 'stream': 'stream, not followed', 'tls': 'TLS, not followed', 'unparsed': 'not followed',
  'connecting': 'connecting to the server', 'greeting': 'awaiting the greeting', 'response': 'logging in',
  'authentication': 'logging in', 'refused': 'login refused',
};
const BADGES = {
  'stalled': 'stall', 'running': 'running', 'reading-slowly': 'slow', 'held-back': 'slow', 'waiting-for-budget': 'slow',
  'discarding': 'cut', 'in-transaction': 'open',
};

/** The numbers of the sessions whose rows are open, and what was fetched of them. */
const opened = new Map();

/** The state of a session as a badge, and for how long or how fast. */
function doing({ state, stalledMs, ageMs, inTransactionMs, command }) {
  const told = [make('span', `badge ${BADGES[state] ?? ''}`, STATES[state] ?? state)];
  const say = (text) => told.push(make('span', 'sub', text));
  if (stalledMs !== null && stalledMs >= 1000) say(`the client has read nothing for ${showTime(stalledMs)}`);
  if (state === 'reading-slowly' && command?.rowsPerSecond !== null) {
    say(`${showRows(command.rowsPerSecond)}, ${showSize(command.bytesPerSecond)} a second`);
  }
  if (state === 'discarding') say('cut, the rest is being drained');
  if (command !== null) say(`running for ${showTime(command.runningMs)}`);
  if (inTransactionMs !== null) say(`${command === null ? '' : 'in transaction '}for ${showTime(inTransactionMs)}`);
  else if (command === null) say(`connected for ${showTime(ageMs)}`);
  return told;
}

/** The reason why a result may be so large. */
function streamingMark({ signal, isAdmitted }) {
  const how = signal === null ? 'streaming' : `streaming (${signal})`;
  if (!isAdmitted) return make('span', 'sub', `${how}: has limits of its own`);
  return make('span', 'sub', make('span', 'badge admitted', 'let through'), ` beyond its limit: ${how}`);
}

function sessionButton({ session, client }) {
  const isOpen = opened.has(session);
  const button = keyed(make('button', 'disclose', String(session)), `session ${session}`);
  button.type = 'button';
  button.setAttribute('aria-expanded', String(isOpen));
  button.setAttribute('aria-label', `Session ${session} of ${client}`);
  button.addEventListener('click', () => toggleSession(session));
  return button;
}

/** The row of a session and, if it is open, the row with its details. */
function sessionRows(session, limits, canKill) {
  const { user, schema, program, client, command } = session;
  const who = cell('who', '', make('b', '', user || '(nobody yet)'), schema ? ` in ${schema}` : '',
    make('span', 'sub', [program, client].filter(Boolean).join(' · ')));
  const first = cell('id', '', sessionButton(session));
  const cells = command === null ? [cell('sql'), cell('number'), cell('number')] : commandCells(command, limits);
  const row = make('tr', opened.has(session.session) ? 'is-open' : '', first, who, cell('doing', '', ...doing(session)), ...cells);
  return opened.has(session.session) ? [row, detailRow(session, canKill)] : [row];
}

function commandCells(command, limits) {
  const text = command.digestText ?? command.digest ?? command.command;
  // Unlimited is null. Every amount is 0% of it.
  const parts = [command.rows / (limits.rows ?? Infinity), command.bytes / (limits.bytes ?? Infinity)];
  const isStreaming = command.class === 'streaming';
  return [
    cell('sql', '', make('code', '', text), isStreaming ? streamingMark(command) : null),
    cell('number', 'Rows', showCount(command.rows)),
    cell('number', 'Bytes so far', showSize(command.bytes), isStreaming ? null : meter(Math.max(...parts))),
  ];
}

/** A list of names and values; those without a value are left out. */
function facts(pairs) {
  const list = make('dl', 'facts');
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === '') continue;
    list.append(make('div', '', make('dt', '', name), make('dd', '', value)));
  }
  return list;
}

function tlsText({ client, upstream }) {
  const one = (version) => version ?? 'in the clear';
  return `client ${one(client)}, server ${one(upstream)}`;
}

/** All that may be shown of a session, with what can be done. */
function detailRow(session, canKill) {
  const { connectionId, upstream, tls, command, ageMs, program, schema } = session;
  const detail = opened.get(session.session);
  const statement = detail?.statement ?? null;
  const tags = Object.entries(command?.tags ?? {}).map(([name, value]) => `${name}=${value}`).join(', ');
  const params = statement?.params === undefined ? null : JSON.stringify(statement.params);
  const body = cell('detail', '',
    facts([
      ['Connection id on the server', connectionId === null ? null : String(connectionId)],
      ['Server', upstream], ['TLS', tlsText(tls)], ['Program', program], ['Schema', schema],
      ['Connected for', showTime(ageMs)], ['Rule', command?.rule], ['Class', command?.class], ['Signal', command?.signal],
      ['Tags', tags], ['Trace', command?.traceId], ['Digest', command?.digest], ['Parameters', params],
    ]),
    ...sqlBox(statement?.sql ?? null, `sql ${session.session}`, statement?.sqlTruncated === true),
    command !== null && statement !== null && statement.sql === null
      ? make('p', 'note', 'The setting audit.sql keeps the text of the statement from being shown.') : null,
    pastOf(detail?.events ?? []),
    orderButtons(session, canKill));
  body.colSpan = 6;
  return make('tr', 'details', body);
}

/** What happened to a session, the newest first. */
function pastOf(events) {
  if (events.length === 0) return null;
  const list = make('ul', 'past');
  for (const event of events.slice(-5).reverse()) {
    list.append(make('li', '', `${showMoment(event.time)} `, eventBadge(event), ` ${eventText(event)}`));
  }
  return list;
}

function orderButtons(session, canKill) {
  const { session: number, connectionId, command, state } = session;
  const row = make('div', 'buttons');
  const isFollowed = command !== null && !['stream', 'tls', 'unparsed'].includes(state);
  if (isFollowed && canKill) row.append(orderButton('Kill the statement…', `kill ${number}`, () => askBack('kill', session)));
  row.append(orderButton('End the session…', `end ${number}`, () => askBack('end', session)));
  if (isFollowed && !canKill && connectionId !== null) {
    const sql = `KILL QUERY ${connectionId}`;
    row.append(make('span', 'byhand', 'No kill account: run ', make('code', '', sql), ` on ${session.upstream ?? 'the server'} `,
      copyButton(sql, `copy kill ${number}`)));
  }
  return row;
}

function orderButton(text, key, act) {
  const button = keyed(make('button', '', text), key);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}
