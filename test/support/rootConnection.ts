import { Capability } from '../../src/protocol/capabilities.js';
import { query } from './commandPayloads.js';
import { textValues } from './answerReader.js';
import { ROOT } from './seed.js';
import { BASE_CAPABILITIES, WireClient } from './wireClient.js';

/**
 * Runs statements as root over a server's Unix socket, on a connection of their own. Returns the rows of all results,
 * each a list of its fields as text, NULL as `NULL`; throws at the first error.
 */
export const askAsRoot = async (socket: string, statements: string): Promise<string[][]> => {
  const client = await WireClient.connect({
    port: 0, socket, ...ROOT, schema: '', capabilities: BASE_CAPABILITIES & ~Capability.CONNECT_WITH_DB,
  });
  try {
    const rows: string[][] = [];
    for (const part of await client.ask([query(statements)])) {
      const end = part.is === 'result' ? part.end : part;
      if (end.is === 'error') throw new Error(`ERROR ${end.code} (${end.sqlState}): ${end.message} in ${statements}`);
      if (end.is === 'closed') throw new Error(`the server closed the connection at ${statements}`);
      if (part.is === 'result') {
        for (const row of part.rows) rows.push(textValues(row).map((value) => value ?? 'NULL'));
      }
    }
    return rows;
  } finally {
    await client.quit();
  }
};
