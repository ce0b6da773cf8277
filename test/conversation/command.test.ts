import t from 'tap';
import { Command } from '../../src/protocol/commands.js';
import { newCommand, Usage } from '../../src/conversation/command.js';

/** Ten rows of 100 bytes; the kernel had the first five when it last had everything. */
const tenRows = (): Usage => {
  const usage = new Usage(newCommand(Command.QUERY, 'results', 1, 0));
  usage.rows = 5;
  usage.bytes = 500;
  usage.noteHandedOver(0);
  usage.rows = 10;
  usage.bytes = 1000;
  return usage;
};

t.test('does not count rows as forwarded that the kernel was never handed', (t) => {
  const usage = tenRows();
  usage.endForwarding(false, 0);
  t.match(usage, { forwardedRows: 5, forwardedBytes: 500 });
  const cut = tenRows();
  cut.cut(false);
  cut.endForwarding(false, 0);
  t.match(cut, { forwardedRows: 5, forwardedBytes: 500 });
  t.end();
});

t.test('counts rows that the kernel has as forwarded, but for an incomplete row', (t) => {
  const usage = tenRows();
  usage.endForwarding(true, 40);
  t.match(usage, { forwardedRows: 9, forwardedBytes: 960 });
  const cut = tenRows();
  cut.cut(false);
  cut.endForwarding(true, 0);
  t.match(cut, { forwardedRows: 10, forwardedBytes: 1000 });
  t.end();
});
