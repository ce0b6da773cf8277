// The header: the program, and whether the page is up to date.

/** Shows the program, the addresses on which it listens, and its servers. */
function showAbout({ about, sessionCounts, mode }) {
  const { version, host, startedAt, configuredAt, listeners, upstreams } = about;
  const age = (time) => showTime(Math.max(0, Date.now() - new Date(time).getTime()));
  const servers = upstreams.map(({ address, isLost }) => {
    const used = sessionCounts.upstreams[address] ?? 0;
    const state = isLost ? ' (lost)' : used > 0 ? ` (in use by ${showCount(used)})` : '';
    return make('span', isLost ? 'lost' : '', `${address}${state}`);
  });
  const part = (name, ...values) => make('span', 'part', make('span', 'name', `${name} `), ...values);
  const separated = servers.flatMap((server, index) => (index === 0 ? [server] : [', ', server]));
  $('about').hidden = false;
  $('about').replaceChildren(
    part('Sluice', `${version} on ${host}`), part('listens on', listeners.join(', ')),
    part(servers.length === 1 ? 'server' : 'servers', ...separated), part('up', age(startedAt)),
    part('configuration', `${age(configuredAt)} old`), part('mode', mode === 'audit' ? 'only watching' : 'enforcing'),
  );
}

/** Shows how to connect a client while there is none. */
function showWelcome({ about: { listeners }, openSessions, totals }) {
  const isEmpty = openSessions === 0 && (totals?.executions ?? 0) === 0;
  $('welcome').hidden = !isEmpty;
  if (!isEmpty || $('connect').children.length > 0) return;
  $('connect').replaceChildren(...listeners.slice(0, 2).map((address) => {
    const command = clientCommand(address);
    return make('div', 'sqlframe', make('pre', 'sqlbox', command), copyButton(command, `copy ${address}`));
  }));
}

/** The command with which a client connects to a listener. */
function clientCommand(address) {
  if (address.startsWith('/')) return `mysql --socket ${address} --user USER --password`;
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address);
  const reached = ['0.0.0.0', '::'].includes(host) ? location.hostname : host;
  return `mysql --host ${reached} --port ${port} --user USER --password`;
}

/** Shows above everything why the page is out of date; an empty text hides the banner. */
function showBanner(text, className) {
  if ($('banner').textContent !== text) $('banner').textContent = text;
  $('banner').className = `banner ${className}`;
  $('banner').hidden = text === '';
  document.body.classList.toggle('is-past', text !== '');
}
