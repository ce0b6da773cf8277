// What a worker's process runs: the channel to the primary, and a worker at its end.

import type { Socket } from 'node:net';
import type { FromWorker, ToWorker } from './messages.js';
import { Worker, type WorkerSurroundings } from './worker.js';

const around: WorkerSurroundings = {
  send(message: FromWorker, sent = () => {}) {
    if (process.connected) process.send?.(message, undefined, {}, sent);
    else sent();
  },
  exit: (code) => process.exit(code),
};

let worker: Worker | null = null;

// A terminal, or a service manager, signals all processes of a program: what comes of it is for the primary to say.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('message', (message: ToWorker, client: Socket | undefined) => {
  if (message.kind === 'start') worker = new Worker(message, around);
  else worker?.take(message, client);
});

process.on('disconnect', () => {
  if (worker === null) process.exit(1);
  worker.orphaned();
});

process.once('uncaughtException', (error) => {
  process.on('uncaughtException', () => {}); // a second one must not end the process before the first is told
  if (worker === null) throw error;
  worker.fail(error);
});
