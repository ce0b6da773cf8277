import { ratesFrom } from '../support/search.js';

/** The size of the proofs: whole with `npm run proof`, small with `npm test`. Both run the same code. */
export const IS_WHOLE = process.env['SLUICE_PROOF'] === 'whole';

/** The sizes at this scale. */
export const SCALE = IS_WHOLE
  ? {
    tableMiB: 1024, pauseMs: 20_000, sysbenchSeconds: 60, statements: 1_000_000, badSessions: 10_000,
    copiedRows: 30_000, kills: 1000, goneMs: 1000, auditRecords: 1_000_000, idleSessions: 9000, shownSessions: 5000,
    slowReaders: { netWriteTimeoutSeconds: 5, seconds: 50, rates: ratesFrom(100, 22) }, readerRuns: 5,
    tableRows: 10_000, looksMs: 30_000, commands: 1000,
    mutationSeeds: 4096, followed: { statements: 1_000_000, commands: 1_000_000 },
    network: { tableMiB: 1024, sysbenchSeconds: 60, threads: 8, unpluggedMs: 1000 },
  } as const
  : {
    tableMiB: 64, pauseMs: 3_000, sysbenchSeconds: 5, statements: 100_000, badSessions: 450,
    copiedRows: 3_000, kills: 30, goneMs: 10_000, auditRecords: 100_000, idleSessions: 500, shownSessions: 120,
    slowReaders: { netWriteTimeoutSeconds: 3, seconds: 25, rates: [1000] }, readerRuns: 1,
    tableRows: 1000, looksMs: 2_000, commands: 25,
    mutationSeeds: 8, followed: { statements: 30_000, commands: 100_000 },
    network: { tableMiB: 4, sysbenchSeconds: 1, threads: 4, unpluggedMs: 200 },
  } as const;

/** The number of rows of the table `big`: each is 1 KiB. */
export const BIG_ROWS = SCALE.tableMiB * 1024;
