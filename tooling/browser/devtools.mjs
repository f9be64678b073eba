// Drives a page in Chromium: keys, sizes, pictures. Uses the DevTools protocol over two pipes, without a library.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumFlags } from './chromium.mjs';

/**
 * Starts a Chromium, and drives its pages.
 *
 * @param {string} chromium path of the program
 * @param {readonly string[]} flags further flags, such as those of WebGPU
 */
export async function openBrowser(chromium, flags = []) {
  const profile = await mkdtemp(join(tmpdir(), 'dpo-chromium-'));
  const child = spawn(chromium, [...chromiumFlags, ...flags, '--remote-debugging-pipe', `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const [, , , commands, replies] = child.stdio;
  const waiting = new Map();
  const listeners = new Set();
  let rest = '';
  replies.setEncoding('utf8').on('data', (piece) => {
    const messages = (rest + piece).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages.map((text) => JSON.parse(text))) {
      if (message.id === undefined) for (const hear of listeners) hear(message);
      else waiting.get(message.id)?.(message);
    }
  });
  let last = 0;
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ error, result }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  return {
    /** Has the browser save downloads into a folder without asking. */
    saveDownloads: (folder) => send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder }),
    /**
     * Opens a page of this size. `wrong` of the page lists its errors and dialogs, `requests` the addresses that it and its workers
     * ask for.
     */
    open: async (url, { width = 1280, height = 800, mobile = false } = {}) => {
      const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
      const page = pageOf((method, params) => send(method, params, sessionId));
      const wrong = [];
      const requests = [];
      const sessions = new Set([sessionId]);
      listeners.add(({ method, params, sessionId: of }) => {
        if (!sessions.has(of)) return;
        if (method === 'Target.attachedToTarget') {
          sessions.add(params.sessionId);
          // The worker waits until its requests are watched.
          for (const command of ['Network.enable', 'Runtime.enable', 'Runtime.runIfWaitingForDebugger'])
            send(command, {}, params.sessionId).catch(() => undefined);
        }
        if (method === 'Network.requestWillBeSent') requests.push(params.request.url);
        if (method === 'Runtime.exceptionThrown') wrong.push(params.exceptionDetails.exception?.description);
        if (method === 'Log.entryAdded' && params.entry.level === 'error') wrong.push(params.entry.text);
        if (method === 'Page.javascriptDialogOpening') wrong.push(`dialog: ${params.message}`);
      });
      for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`, {}, sessionId);
      await send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }, sessionId);
      await page.resize({ width, height, mobile });
      const afterLoad = async (command, params) => {
        const load = new Promise((resolve) => {
          const hear = ({ method, sessionId: of }) => {
            if (of !== sessionId || method !== 'Page.loadEventFired') return;
            listeners.delete(hear);
            resolve();
          };
          listeners.add(hear);
        });
        await send(command, params, sessionId);
        await load;
      };
      await afterLoad('Page.navigate', { url });
      const reload = () => afterLoad('Page.reload', {});
      return {
        ...page,
        wrong,
        requests,
        reload,
        close: () => send('Target.closeTarget', { targetId }).catch(() => undefined),
      };
    },
    close: async () => {
      try {
        // Chromium is many processes: its group ends together.
        if (process.platform === 'win32') child.kill();
        else process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Chromium has ended by itself.
      }
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The codes of keys without a letter. */
const codes = { Enter: 13, Escape: 27, Tab: 9 };

function pageOf(send) {
  const evaluate = async (expression) => {
    const command = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await send('Runtime.evaluate', command);
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? expression);
    return result.value;
  };
  return {
    evaluate,
    send,
    /** Waits until an expression of the page is true, and fails after so many seconds. */
    until: async (expression, seconds = 10) => {
      for (let tries = 0; tries < 50 * seconds; tries++) {
        // A page that is on its way to another one has no values.
        if (await evaluate(expression).catch(() => false)) return;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`Not so after ${seconds} seconds: ${expression}\n${await evaluate('document.body.innerText')}`);
    },
    /** Presses and releases a key. */
    press: async (key, modifiers = 0) => {
      const text = key === 'Enter' ? '\r' : key.length === 1 ? key : undefined;
      const event = { key, modifiers, windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0) };
      await send('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', text, ...event });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    /** Puts files into a file input, as a reader's choice does. */
    choose: async (selector, files) => {
      const { root } = await send('DOM.getDocument');
      const { nodeId } = await send('DOM.querySelector', { nodeId: root.nodeId, selector });
      await send('DOM.setFileInputFiles', { nodeId, files });
    },
    resize: ({ width, height, mobile = false }) =>
      send('Emulation.setDeviceMetricsOverride', { width, height, mobile, deviceScaleFactor: 1 }),
    /** Sets the colour scheme of the reader's system: light or dark. */
    scheme: (value) => send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] }),
    /** @returns {Promise<Buffer>} a picture of the visible page, or of the whole page, PNG */
    picture: async ({ whole = false } = {}) =>
      Buffer.from(
        (await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole })).data,
        'base64',
      ),
  };
}
