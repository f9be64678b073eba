// The page that trains in a browser, in Chromium: by keys alone, with a reload on the way, beside the same training in Node.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openZip } from '@dpo/base/unzip';
import { byteCheckpoints, memoryFiles, sequenceLogps } from '@dpo/core';
import { encodePairs, readPreferences } from '@dpo/data';
import { openPortable } from '@dpo/engine';
import { loadAdapter, loadModel } from '@dpo/models';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../apps/web/src/session/open-session.ts';
import { demoSettings } from '../../apps/web/src/session/settings.ts';
import { findChromium } from './chromium.mjs';
import { openBrowser } from './devtools.mjs';
import {
  alertText,
  demoFolder,
  demoInputs,
  doing,
  keptFacts,
  serveElsewhere,
  servePage,
  tabTo,
  typeSetting,
} from './web-page.mjs';

const STEPS = 20;
const READY = "!document.getElementById('train').disabled";
const chromium = findChromium();
const missing = chromium === undefined ? ' (left out: there is no Chromium here)' : '';

let folder;
let site;
let elsewhere;
let browser;
const at = (...names) => join(folder, ...names);

beforeAll(async () => {
  if (chromium === undefined) return;
  folder = await mkdtemp(join(tmpdir(), 'dpo-web-'));
  site = await servePage(at('site'));
  elsewhere = await serveElsewhere(demoFolder);
  browser = await openBrowser(chromium);
  await mkdir(at('downloads'));
  await browser.saveDownloads(at('downloads'));
}, 120_000);
afterAll(async () => {
  await browser?.close();
  site?.close();
  elsewhere?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Opens the page, and closes it after the test: one tab at a time trains. */
async function openPage(box) {
  const page = await browser.open(site.url, box);
  onTestFinished(() => page.close());
  await page.until(READY, 30);
  return page;
}

/** The same training in Node. */
async function trainHere() {
  const engine = await openPortable('wasm');
  try {
    const session = await openSession(engine, await demoInputs(), { ...demoSettings, steps: STEPS });
    const records = [];
    const store = byteCheckpoints(memoryFiles());
    for await (const record of session.train({ store, everySteps: STEPS })) records.push(record);
    return records;
  } finally {
    await engine.dispose();
  }
}

/** Waits for a download, and unpacks it. */
async function downloaded(name) {
  for (let tries = 0; !(await readdir(at('downloads'))).includes(name); tries++) {
    if (tries > 1000) throw new Error(`${name} does not come: ${await readdir(at('downloads'))}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const zip = await openZip(at('downloads', name));
  for (const entry of zip.entries.keys()) {
    await mkdir(dirname(at(entry)), { recursive: true });
    await zip.extract(entry, at(entry));
  }
  await zip.close();
  return at(name.replace(/\.zip$/, ''));
}

/** log π of the chosen answers by the built-in model with an adapter, or by another model. */
async function logpsOf(model, adapter) {
  const engine = await openPortable('cpu');
  try {
    const loaded = await loadModel(engine, model);
    const policy = adapter === undefined ? loaded.model : await loadAdapter(loaded.model, adapter);
    const pairs = encodePairs(
      [...(await readPreferences(join(demoFolder, 'pairs.jsonl')))].slice(0, 8),
      loaded.tokenizer,
      { eos: false },
    );
    return await sequenceLogps(
      policy,
      pairs.map(({ prompt, chosen }) => ({ prompt, answers: [chosen] })),
    );
  } finally {
    await engine.dispose();
  }
}

describe.skipIf(chromium === undefined)(`the page that trains${missing}`, () => {
  it('trains by keys alone, goes on after a reload as if there were none, and gives the adapter and the model away', async () => {
    const page = await openPage({ width: 1400, height: 900 });
    const way = await tabTo(page, 'model-folder');
    expect(way.length).toBeLessThan(4);
    await tabTo(page, 'SUMMARY');
    await tabTo(page, 'SUMMARY');
    await page.press('Enter');
    await typeSetting(page, 'steps', String(STEPS));
    await tabTo(page, 'train');
    await page.press('Enter');
    await page.until('Number(document.documentElement.dataset.saved) >= 5', 60);
    expect(await page.evaluate('document.activeElement.id')).toBe('stop');
    await page.press('Enter');
    await page.until(`${doing}.startsWith('Stopped after step')`, 30);
    const { records: first, before } = await keptFacts(page);
    expect(first.length).toBeGreaterThanOrEqual(5);
    expect(first.length).toBeLessThan(STEPS);
    expect(before).toHaveLength(4);

    await page.reload();
    await page.until("!document.getElementById('kept').hidden");
    expect(await page.evaluate("document.getElementById('kept-text').textContent")).toBe(
      `tiny-gpt2 on pairs.jsonl: step ${first.length} of ${STEPS} is saved.`,
    );
    await tabTo(page, 'go-on-kept');
    await page.press('Enter');
    await page.until(`${doing} === 'Done: ${STEPS} steps.'`, 60);
    const { records } = await keptFacts(page);
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    expect(records.slice(0, first.length)).toEqual(first);
    const here = await trainHere();
    for (const key of ['loss', 'rewards/margins', 'grad_norm'])
      for (const [k, record] of records.entries()) expect(Math.abs(record[key] - here[k][key])).toBeLessThan(1e-3);
    expect(records[0].loss).toBeCloseTo(Math.LN2, 6);
    expect(records.at(-1).loss).toBeLessThan(0.6);
    expect(await page.evaluate("document.querySelectorAll('.answer.after').length")).toBe(4);

    await tabTo(page, 'download-adapter');
    await page.press('Enter');
    const adapter = await downloaded('tiny-gpt2-dpo-adapter.zip');
    const ofAdapter = await logpsOf(demoFolder, adapter);
    await tabTo(page, 'download-model');
    await page.press('Enter');
    const ofModel = await logpsOf(await downloaded('tiny-gpt2-dpo.zip'));
    const ofBase = await logpsOf(demoFolder);
    for (const [i, [logp]] of ofAdapter.entries()) {
      expect(Math.abs(ofModel[i][0] - logp)).toBeLessThan(1e-3);
      expect(Math.abs(ofBase[i][0] - logp)).toBeGreaterThan(1e-3);
    }
    // After the merged model the adapter is there as before.
    await page.until(`${doing}.startsWith('tiny-gpt2-dpo.zip')`);
    await rm(at('downloads', 'tiny-gpt2-dpo-adapter.zip'));
    await page.evaluate("document.getElementById('download-adapter').click()");
    const weights = 'adapter_model.safetensors';
    const once = await readFile(join(adapter, weights));
    await rm(adapter, { recursive: true });
    expect((await readFile(join(await downloaded('tiny-gpt2-dpo-adapter.zip'), weights))).equals(once)).toBe(true);

    const { origin } = new URL(site.url);
    expect(page.requests.filter((url) => !/^(blob|data):/.test(url) && new URL(url).origin !== origin)).toEqual([]);
    expect(page.requests.filter((url) => url.endsWith('.wasm')).length).toBeGreaterThan(0);
    expect(page.wrong).toEqual([]);
  }, 240_000);

  it('lets neither the page nor its worker reach another origin, but for an address that the reader gave', async () => {
    const page = await openPage();
    const attempt = `fetch(${JSON.stringify(`${elsewhere.url}config.json`)}).then(() => 'reached', () => 'refused')`;
    expect(await page.evaluate(attempt)).toBe('refused');
    // A worker that starts as the page's own does, from a blob, has the page's policy.
    const script = `${attempt}.then((outcome) => postMessage(outcome))`;
    const inWorker = `new Promise((resolve, reject) => {
      const blob = new Blob([${JSON.stringify(script)}], { type: 'text/javascript' });
      const worker = new Worker(URL.createObjectURL(blob), { type: 'module' });
      worker.onmessage = ({ data }) => { worker.terminate(); resolve(data); };
      worker.onerror = ({ message }) => reject(new Error(message));
    })`;
    expect(await page.evaluate(inWorker)).toBe('refused');
    expect(elsewhere.asked).toEqual([]);

    await page.evaluate("document.querySelector('#model-drop details').open = true");
    await page.evaluate(`document.getElementById('model-address').value = ${JSON.stringify(elsewhere.url)}`);
    await page.evaluate("document.getElementById('model-fetch').click()");
    await page.until("document.getElementById('model-choice')?.textContent.startsWith('127.0.0.1: ')", 20);
    expect(elsewhere.asked).toContain('/model.safetensors');
    expect(await page.evaluate('document.documentElement.dataset.policy')).toBe(
      `connect-src 'self' ${new URL(elsewhere.url).origin}`,
    );
    // A link with an address fetches nothing by itself.
    await page.close();
    const link = await browser.open(`${site.url}?model=${encodeURIComponent(elsewhere.url)}`);
    const asked = elsewhere.asked.length;
    onTestFinished(() => link.close());
    await link.until(READY, 30);
    expect(elsewhere.asked.length).toBe(asked);
  }, 60_000);

  it('says what is wrong with files, and what to do', async () => {
    const page = await openPage();
    const copy = async (name, changes) => {
      await mkdir(at(name));
      for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']) {
        const content = file in changes ? changes[file] : await readFile(join(demoFolder, file));
        if (content !== undefined) await writeFile(at(name, file), content);
      }
      return Promise.all((await readdir(at(name))).map((file) => at(name, file)));
    };
    const codeAfter = async (selector, files) => {
      await page.choose(selector, files);
      await page.evaluate("document.getElementById('train').click()");
      await page.until("!document.getElementById('alert').hidden && !document.getElementById('train').hidden", 30);
      return page.evaluate(alertText);
    };
    const bad = await codeAfter(
      '#model-files-input',
      await copy('bad', { 'model.safetensors': 'no safetensors at all' }),
    );
    expect(bad).toContain('model.bad-safetensors');
    expect(bad).toContain('fetch or convert it again');
    const bare = await codeAfter(
      '#model-files-input',
      await copy('bare', { 'tokenizer.json': undefined, 'tokenizer_config.json': undefined }),
    );
    expect(bare).toContain('tokenizer.not-found');
    await page.evaluate("document.getElementById('model-demo').click()");
    await writeFile(at('odd.jsonl'), '{"question": "?", "good": "a", "bad": "b"}\n');
    const odd = await codeAfter('#pairs-input', [at('odd.jsonl')]);
    expect(odd).toContain('data.unknown-shape');
    expect(odd).toContain('odd.jsonl');
    expect(page.wrong).toEqual([]);
  }, 120_000);

  it('trains on when the storage is full for a copy, and keeps what is trained when it is full for a checkpoint', async () => {
    const page = await openPage();
    const { origin } = new URL(site.url);
    await page.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
    await page.evaluate("document.getElementById('steps').value = '2'");
    await page.evaluate("document.getElementById('train').click()");
    await page.until("!document.getElementById('alert').hidden", 60);
    expect(await page.evaluate(alertText)).toContain('file.storage-full');
    expect(await page.evaluate("document.getElementById('download-adapter').checkVisibility()")).toBe(true);
    await page.choose('#pairs-input', [join(demoFolder, 'pairs.jsonl')]);
    await page.evaluate("document.getElementById('steps').value = '2'");
    await page.evaluate("document.getElementById('train').click()");
    await page.until(`${doing} === 'Done: 2 steps.'`, 60);
    const warning = await page.evaluate("document.getElementById('warning').innerText");
    expect(warning).toContain('file.storage-full');
    expect(warning).toContain('does not go on after a reload');
    await page.send('Storage.overrideQuotaForOrigin', { origin });
  }, 120_000);

  it('fits a phone, in light and dark', async () => {
    const page = await openPage({ width: 390, height: 844, mobile: true });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    const colour = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.scheme('light');
    const light = await colour();
    await page.scheme('dark');
    expect(await colour()).not.toBe(light);
  }, 60_000);
});
