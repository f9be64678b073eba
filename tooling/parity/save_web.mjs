// Trains the page's built-in model in Chromium, and writes what the page gives away: the adapter, and our own log-probabilities with it.
//
//     node tooling/parity/save_web.mjs FOLDER
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openZip } from '../../packages/base/dist/unzip.js';
import { sequenceLogps } from '../../packages/core/dist/index.js';
import { encodePairs, readPreferences } from '../../packages/data/dist/index.js';
import { openPortable } from '../../packages/engine/dist/index.js';
import { loadAdapter, loadModel } from '../../packages/models/dist/index.js';
import { findChromium } from '../browser/chromium.mjs';
import { openBrowser } from '../browser/devtools.mjs';
import { demoFolder, doing, servePage } from '../browser/web-page.mjs';

const PAIRS = 32;
const NAME = 'tiny-gpt2-dpo-adapter';

/** Trains in the page, downloads the adapter into a folder, and unpacks the adapter there. */
async function adapterOfPage(chromium, folder) {
  const site = await servePage(join(folder, 'site'));
  const browser = await openBrowser(chromium);
  try {
    await browser.saveDownloads(folder);
    const page = await browser.open(site.url);
    await page.until("!document.getElementById('train').disabled", 60);
    await page.evaluate("document.getElementById('train').click()");
    await page.until(`${doing}.startsWith('Done')`, 300);
    await page.evaluate("document.getElementById('download-adapter').click()");
    while (!(await readdir(folder)).includes(`${NAME}.zip`)) await new Promise((resolve) => setTimeout(resolve, 100));
  } finally {
    await browser.close();
    site.close();
    await rm(join(folder, 'site'), { recursive: true, force: true });
  }
  const zip = await openZip(join(folder, `${NAME}.zip`));
  for (const entry of zip.entries.keys()) {
    await mkdir(dirname(join(folder, entry)), { recursive: true });
    await zip.extract(entry, join(folder, entry));
  }
  await zip.close();
  return join(folder, NAME);
}

/** log π of both answers of some pairs, with their tokens. */
async function ourLogps(adapter) {
  const engine = await openPortable('cpu');
  const { model, tokenizer } = await loadModel(engine, demoFolder);
  const policy = await loadAdapter(model, adapter);
  const rows = [...(await readPreferences(join(demoFolder, 'pairs.jsonl')))].slice(0, PAIRS);
  const pairs = encodePairs(rows, tokenizer, { eos: false });
  const groups = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));
  const logps = await sequenceLogps(policy, groups);
  await engine.dispose();
  return groups.map(({ prompt, answers }, i) => ({
    prompt: [...prompt],
    answers: answers.map((answer) => [...answer]),
    logps: [...logps[i]],
  }));
}

const folder = process.argv[2];
const chromium = findChromium();
if (folder === undefined || chromium === undefined)
  throw new Error('Usage: node tooling/parity/save_web.mjs FOLDER, with a Chromium installed');
const adapter = await adapterOfPage(chromium, folder);
await writeFile(join(folder, 'logps.json'), JSON.stringify(await ourLogps(adapter)));
