import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { guard, type Lifetime, spawned } from './guard.js';

// Drives Chromium with its DevTools protocol: JSON messages over two pipes, with a NUL after each.

const PATIENCE_MS = 60_000;

interface Message {
  readonly id?: number;
  /** The page of the message. */
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface View {
  readonly width: number;
  readonly height: number;
  readonly scheme: 'light' | 'dark';
}

/** A page in a browser. */
export interface BrowserPage {
  /** Evaluates an expression in the page, and waits for it when it is a promise. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression is true in the page. */
  until(expression: string): Promise<void>;
  /** Presses a key that has a name, such as `Tab`, or types a character. */
  press(key: string): Promise<void>;
  look(view: View): Promise<void>;
  /** A picture of the whole page, as PNG. */
  screenshot(): Promise<Buffer>;
  /** Messages on the page's console, and uncaught errors. */
  readonly complaints: readonly string[];
  /** The addresses of its requests. */
  readonly requests: readonly string[];
  /** Names and roles as a screen reader gets them. */
  accessible(): Promise<readonly string[]>;
}

/** Sends commands and returns their answers. `heard` gets every other message. */
class Pipe {
  private lastId = 0;
  private rest = '';
  private readonly waiting = new Map<number, (message: Message) => void>();

  constructor(private readonly to: Writable, from: Readable, private readonly heard: (message: Message) => void) {
    from.setEncoding('utf8').on('data', (text: string) => this.take(text));
    to.on('error', () => undefined);
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    this.lastId += 1;
    const id = this.lastId;
    this.to.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error(`Chromium did not answer ${method}`)), PATIENCE_MS);
      this.waiting.set(id, ({ result, error }) => {
        clearTimeout(patience);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
    });
  }

  private take(text: string): void {
    const messages = (this.rest + text).split('\0');
    this.rest = messages.pop() ?? '';
    for (const json of messages) {
      const message = JSON.parse(json) as Message;
      if (message.id === undefined) this.heard(message);
      else this.waiting.get(message.id)?.(message);
    }
  }
}

const describe = ({ method, params }: Message): string | null => {
  if (method === 'Runtime.exceptionThrown') return JSON.stringify(params?.['exceptionDetails']);
  if (method === 'Runtime.consoleAPICalled' || method === 'Log.entryAdded') return JSON.stringify(params);
  return null;
};

/** A browser without a screen. */
export interface Browser {
  /** Opens an address in a window without the cookies and storage of other windows; it closes with `t`. */
  open(t: Lifetime, address: string): Promise<BrowserPage>;
}

/** Starts a browser; it ends with `t`. */
export const startBrowser = async (t: Lifetime): Promise<Browser> => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-chromium-'));
  const child = spawn('chromium', [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
    '--disable-extensions',
    '--disable-background-networking', '--disable-component-update', '--remote-debugging-pipe',
    `--user-data-dir=${folder}`,
  ], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true,
    env: { ...process.env, TMPDIR: folder }, // a killed browser leaves a folder there
  });
  const pid = await spawned(child);
  const callOff = guard(pid, folder);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const pages = new Map<string, (message: Message) => void>();
  const pipe = new Pipe(child.stdio[3] as Writable, child.stdio[4] as Readable, (message) => {
    pages.get(message.sessionId ?? '')?.(message);
  });
  t.teardown(async () => {
    process.kill(-pid, 'SIGKILL'); // and the programs that it has started
    await ended;
    callOff();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return {
    open: async (t, address) => {
      const { browserContextId } = await pipe.send('Target.createBrowserContext');
      t.teardown(() => pipe.send('Target.disposeBrowserContext', { browserContextId }));
      const { targetId } = await pipe.send(
        'Target.createTarget', { url: 'about:blank', browserContextId, newWindow: true },
      );
      const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
      const send: Send = (method, params = {}) => pipe.send(method, params, String(sessionId));
      return openPage(send, (heard) => pages.set(String(sessionId), heard), address);
    },
  };
};

type Send = (method: string, params?: object) => Promise<Readonly<Record<string, unknown>>>;

/** Opens an address in an empty page. `send` sends commands to the page, and `onMessage` registers for its messages. */
const openPage = async (
  send: Send, onMessage: (heard: (message: Message) => void) => void, address: string,
): Promise<BrowserPage> => {
  const complaints: string[] = [];
  const requests: string[] = [];
  onMessage((message) => {
    const complaint = describe(message);
    if (complaint !== null) complaints.push(complaint);
    const { request } = Object(message.params) as { request?: { url: string } };
    if (message.method === 'Network.requestWillBeSent' && request) requests.push(request.url);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Accessibility']) await send(`${domain}.enable`);

  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send(
      'Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true },
    );
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: T }).value;
  };
  const page: BrowserPage = {
    complaints, requests, evaluate,
    until: async (expression) => {
      const often = `new Promise((resolve) => { const look = () => (${expression}) ? resolve(true) : ` +
        `setTimeout(look, 20); look(); })`;
      await evaluate(often);
    },
    press: async (key) => {
      const named = { Tab: 9, Enter: 13, ArrowLeft: 37, ArrowRight: 39, ' ': 32 }[key];
      const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
      const event = { key, code: key === ' ' ? 'Space' : key, windowsVirtualKeyCode: named ?? key.charCodeAt(0) };
      await send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...(text === undefined ? {} : { text }) });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    look: async ({ width, height, scheme }) => {
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 });
      await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    },
    screenshot: async () => {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
    accessible: async () => {
      const { nodes } = await send('Accessibility.getFullAXTree') as {
        nodes: readonly { role?: { value: string }; name?: { value: string } }[],
      };
      return nodes.filter(({ name }) => name?.value).map(({ role, name }) => `${role?.value}: ${name?.value}`);
    },
  };
  await send('Page.navigate', { url: address });
  await page.until("document.readyState === 'complete'");
  return page;
};
