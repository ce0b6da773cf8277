// The last events, the newest first.

const EVENTS_KEPT = 1000;
const EVENTS_SHOWN = 12;

const EVENT_NAMES = {
  'cut': ['cut', 'cut'], 'would-cut': ['would have been cut', 'admitted'], 'admitted': ['let through', ''],
  'refused': ['refused', 'cut'], 'would-refuse': ['would have been refused', 'admitted'], 'stall': ['stalled', 'stall'],
  'kill': ['kill ordered', 'order'], 'end': ['end ordered', 'order'], 'reload': ['reload', ''], 'expiry': ['expiry', 'admitted'],
  'server-lost': ['server lost', 'cut'], 'server-found': ['server found', 'running'],
  'turned-away': ['clients turned away', 'cut'], 'worker-replaced': ['worker replaced', 'cut'], 'worker-hung': ['worker does not answer', 'cut'],
};

/** All events that are known, the oldest first. */
let known = [];
let shownEvents = EVENTS_SHOWN;

/** The number of the last event that is known. */
const lastEvent = () => known.at(-1)?.id ?? 0;

function keepEvents(events) {
  known = [...known, ...events.filter(({ id }) => id > lastEvent())].slice(-EVENTS_KEPT);
}

function eventBadge({ kind }) {
  const [name, className] = EVENT_NAMES[kind] ?? [kind, ''];
  return make('span', `badge ${className}`, name);
}

/** An event as one line of text. */
function eventText(event) {
  const { kind, action, rule, reason, rows, bytes, stallMs, outcome, message, signal, asker, worker, inAll } = event;
  const size = rows === undefined ? '' : `${showRows(rows)}, ${showSize(bytes)}`;
  const parts = {
    'cut': [`rule ${rule}, by ${reason}`, action === 'cut' ? '' : action, size, outcome],
    'would-cut': [`rule ${rule}, by ${reason}`, size], 'admitted': [`rule ${rule}, a stream by ${signal}`, size],
    'stall': [`the client has read nothing for ${showTime(stallMs ?? 0)}`, size],
    'kill': [outcome, `by ${asker}`, message], 'end': [outcome, `by ${asker}`, message],
    'reload': [outcome, message], 'expiry': [message], 'server-lost': [message],
    'turned-away': [message, inAll === undefined ? '' : `${showCount(inAll)} since the start`],
  }[kind] ?? [message, rule === undefined ? '' : `rule ${rule}`, size];
  const where = worker === undefined ? '' : `worker ${worker}`;
  return [...parts, where].filter(Boolean).join(', ');
}

/** A button that leads to the session or the digest of an event. */
function linkTo(text, key, act) {
  const button = keyed(make('button', 'link', text), key);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}

function eventRow(event) {
  const { id, time, session, digest, digestText, user, client, upstream, path } = event;
  const what = cell('what', '', eventText(event));
  if (digestText || digest) {
    what.append(make('span', 'sub', linkTo(digestText ?? digest, `event ${id} digest`, () => showDigest(digest))));
  }
  const where = cell('where', '');
  if (session !== undefined) where.append(linkTo(`session ${session}`, `event ${id} session`, () => showSession(session)));
  const whose = [user, client, session === undefined ? upstream : '', path].filter(Boolean).join(' · ');
  if (whose) where.append(make('span', 'sub', whose));
  const moment = make('time', '', showMoment(time));
  moment.dateTime = time;
  return make('tr', '', cell('when', '', moment), cell('', '', eventBadge(event)), what, where);
}

/** Whether an event has the text in one of its fields, or each `field:value`. */
function isWanted(event, text, kind) {
  if (kind !== '' && event.kind !== kind) return false;
  return text.split(/\s+/).filter(Boolean).every((word) => {
    const [, field, value] = /^(\w+):(.+)$/.exec(word) ?? [];
    if (field !== undefined && field in event) return String(event[field]).toLowerCase().includes(value);
    return Object.values(event).some((found) => String(found).toLowerCase().includes(word));
  });
}

function showEvents() {
  const [text, kind] = [$('events-text').value.toLowerCase(), $('events-kind').value];
  const found = known.filter((event) => isWanted(event, text, kind)).reverse();
  const none = known.length === 0 ? 'Nothing yet: cuts, stalls, reloads, lost servers and orders will stand here.'
    : 'No event passes the filter.';
  fill($('events'), found.slice(0, shownEvents).map(eventRow), 4, none);
  const more = found.length - shownEvents;
  $('more-events').hidden = more <= 0;
  $('more-events').textContent = `Show more (${showCount(more)})`;
  offer($('events-kind'), [...new Set(known.map((event) => event.kind))].sort(), (one) => EVENT_NAMES[one]?.[0] ?? one);
}
