// The main program of a worker's process: the channel to the primary, and the worker.

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

// A terminal or a service manager signals all processes of a program. Only the primary reacts.
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
  process.on('uncaughtException', () => {}); // a second error must not end the process before the first is reported
  if (worker === null) throw error;
  worker.fail(error);
});
