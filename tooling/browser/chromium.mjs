// Finds and starts a Chromium without a window, on Linux, macOS and Windows.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The path of a Chromium on this machine, or the path in `DPO_CHROMIUM`; undefined without a Chromium. */
export function findChromium() {
  const { DPO_CHROMIUM: path } = process.env;
  if (path) return path;
  for (const name of names) {
    try {
      return execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8', stdio: 'pipe' }).trim();
    } catch {
      // Not under this name.
    }
  }
  return places.find((place) => existsSync(place));
}

/** Chromium's flags. The sandbox needs rights that containers do not give, and the pages are our own. */
export const chromiumFlags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
];

/**
 * Opens a page.
 *
 * @param {string} chromium path of the program
 * @param {string} address of the page
 * @returns {Promise<{ended: Promise<string>, close: () => Promise<void>}>} `ended` is what Chromium printed when it ended
 */
export async function openPage(chromium, address) {
  const profile = await mkdtemp(join(tmpdir(), 'dpo-chromium-'));
  const child = spawn(chromium, [...chromiumFlags, `--user-data-dir=${profile}`, address], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
  return {
    ended,
    async close() {
      // Chromium is many processes: its group ends together.
      try {
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
