import { AsyncResource, executionAsyncResource } from 'node:async_hooks';

/**
 * Gives an error that nothing catches to the test that runs. It stands in for the package async-hook-domain, from which
 * tap takes it: that one follows every promise and every timer by a hook, which costs some tests half of their time.
 * Where tests run at the same time, the error fails the one that began last.
 */
export class Domain {
  constructor(onerror) {
    this.onerror = onerror;
    const scope = executionAsyncResource();
    // tap makes a domain in the scope in which it will run the test. Until then, the test has not begun. A getter leaves no
    // line in the stack of the test's errors.
    if (!(scope instanceof AsyncResource)) begin(this);
    else {
      const get = () => {
        begin(this);
        return AsyncResource.prototype.runInAsyncScope;
      };
      Object.defineProperty(scope, 'runInAsyncScope', { get, configurable: true });
    }
  }

  isDestroyed = false;

  destroy() {
    this.isDestroyed = true;
    running.delete(this);
    if (running.size === 0) unwatch();
  }
}

/** Those that have begun and have not ended, in the order in which they began. */
const running = new Set();

const begin = (domain) => {
  if (domain.isDestroyed) return;
  if (running.size === 0) watch();
  running.add(domain);
};

/** Whether a test took the error. What a program's own listener hears is its affair. */
const take = (error, event) => {
  if (process.hasUncaughtExceptionCaptureCallback() || process.listenerCount('uncaughtException') > 0) return false;
  const domain = [...running].pop();
  if (domain === undefined) return false;
  domain.onerror(error, event);
  return true;
};

const caught = (error, event) => {
  if (!take(error, event)) return;
  process.setUncaughtExceptionCaptureCallback(() => process.setUncaughtExceptionCaptureCallback(null));
};

const { emit } = process;
/** A listener would count as the program's own. */
const emitOrTake = (event, ...args) => {
  const isOurs = event === 'unhandledRejection' && process.listenerCount(event) === 0;
  return isOurs ? take(args[0], event) : emit.call(process, event, ...args);
};

const watch = () => {
  process.on('uncaughtExceptionMonitor', caught);
  process.emit = emitOrTake;
};

const unwatch = () => {
  process.off('uncaughtExceptionMonitor', caught);
  process.emit = emit;
};
