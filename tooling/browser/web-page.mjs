// Builds and serves the page that trains in a browser, for its test and for the parity check.

import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from '../../apps/web/build.mjs';
import { fileServer } from '../../apps/web/serve.mjs';

/** The folder of the page's built-in model and pairs. */
export const demoFolder = fileURLToPath(new URL('../../apps/web/demo', import.meta.url));

/**
 * Builds the page into a folder and serves the folder.
 *
 * @param {string} folder
 * @returns {Promise<{url: string, close: () => void}>}
 */
export async function servePage(folder) {
  await buildPage(folder);
  return listening(fileServer(folder));
}

/** Serves another origin that allows every page, and counts who asks. */
export async function serveElsewhere(folder) {
  const asked = [];
  const server = createServer(async ({ url }, response) => {
    asked.push(url);
    response.setHeader('access-control-allow-origin', '*');
    const bytes = await readFile(join(folder, url)).catch(() => undefined);
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  return { ...(await listening(server)), asked };
}

async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The built-in model and pairs, as the page gives them to a training. */
export async function demoInputs() {
  const names = (await readdir(demoFolder)).filter((name) => /\.(json|safetensors)$/.test(name));
  const blob = async (name) => new Blob([await readFile(join(demoFolder, name))]);
  return {
    modelName: 'tiny-gpt2',
    model: new Map(await Promise.all(names.map(async (name) => [name, await blob(name)]))),
    pairsName: 'pairs.jsonl',
    pairs: await blob('pairs.jsonl'),
  };
}

/** Presses Tab until an element has the focus, and returns the ids on the way. */
export async function tabTo(page, id) {
  const ids = [];
  for (let tries = 0; tries < 60; tries++) {
    await page.press('Tab');
    ids.push(await page.evaluate('document.activeElement.id || document.activeElement.tagName'));
    if (ids.at(-1) === id) return ids;
  }
  throw new Error(`Tab does not reach ${id}: ${ids.join(', ')}`);
}

/** Writes a setting by keys alone. */
export async function typeSetting(page, id, text) {
  await tabTo(page, id); // Tab selects what is in the field.
  for (const letter of text) await page.press(letter);
}

/** What the page has kept of its training: settings, records. */
export function keptFacts(page) {
  return page.evaluate(`(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('training');
    return JSON.parse(await (await (await folder.getFileHandle('session.json')).getFile()).text());
  })()`);
}

export const doing = "document.getElementById('doing').textContent";
export const alertText = "document.getElementById('alert').innerText";
