// Orders for a session. Each needs a confirmation.

const ORDERS = {
  kill: {
    title: 'Kill this statement?', act: 'Kill the statement',
    consequence: 'Sluice runs KILL QUERY on the server. The client gets error 1317, and its session goes on. A change ' +
      'that the statement has begun is undone by the server, where the engine can.',
  },
  end: {
    title: 'End this session?', act: 'End the session',
    consequence: 'Both connections are closed, and the server rolls an open transaction back. A client that awaits an ' +
      'answer gets error 1927.',
  },
};

let asked = null;

/** Asks for a confirmation of an order. */
function askBack(order, session) {
  const { title, act, consequence } = ORDERS[order];
  const { session: number, user, client, program, command } = session;
  asked = { order, number };
  $('ask-title').textContent = title;
  const whose = `Session ${number} of ${[user || 'nobody yet', client, program].filter(Boolean).join(' · ')}`;
  const long = command === null ? '' : `, running for ${showTime(command.runningMs)}`;
  $('ask-what').replaceChildren(shownAsItself(`${whose}${long}.`));
  const sql = opened.get(number)?.statement?.sql ?? command?.digestText ?? '';
  $('ask-sql').hidden = sql === '';
  $('ask-sql').replaceChildren(shownAsItself(sql));
  $('ask-consequence').textContent = consequence;
  $('ask-result').textContent = '';
  $('ask-cancel').textContent = 'Cancel';
  $('ask-do').textContent = act;
  $('ask-do').hidden = false;
  $('ask').showModal();
}

/** Gives the confirmed order, and shows its outcome. */
async function giveOrder() {
  const { order, number } = asked;
  $('ask-do').hidden = true;
  $('ask-result').textContent = 'Waiting for the answer…';
  $('ask-cancel').focus();
  try {
    const response = await fetch(`sessions/${number}/${order}`, { method: 'POST', headers: authorization() });
    $('ask-result').replaceChildren(...orderResult(await response.text()));
  } catch (error) {
    $('ask-result').replaceChildren(shownAsItself(`No answer: ${error.message}`));
  }
  $('ask-cancel').textContent = 'Close';
  void turn();
}

/** The message of an answer: JSON, or one line of text if the request was refused. */
function orderResult(body) {
  if (!body.startsWith('{')) return [shownAsItself(body)];
  const { outcome, message, sql } = JSON.parse(body);
  const said = make('span', '', make('b', '', outcome), `: ${message}.`);
  return sql === undefined ? [said] : [said, ' By hand: ', make('code', '', sql), ' ', copyButton(sql, 'copy by hand')];
}
