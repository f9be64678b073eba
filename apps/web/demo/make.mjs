// Makes the page's built-in model and pairs: the tiny GPT-2 of `dpo demo --tiny`, stored in bfloat16, and the demo's pairs.
// Needs a build: `npm run dpo -- --version`, then `node apps/web/demo/make.mjs`.
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const dpo = (...args) =>
  execFileSync(process.execPath, [here('../../cli/dist/bundle/main.js'), ...args], { stdio: 'inherit' });

const folder = await mkdtemp(join(tmpdir(), 'dpo-web-demo-'));
try {
  const at = (name) => join(folder, name);
  dpo('demo', '--tiny', '--seed', '1', '--output', at('run'));
  dpo('export', '--model', at('run/base'), '--output', at('model'), '--dtype', 'bfloat16');
  dpo('data', 'convert', at('run/pairs.arrow'), at('pairs.jsonl'));
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    await copyFile(at(`model/${name}`), here(name));
  // The scores and the log-probabilities of the demo are of no use to the page.
  const rows = (await readFile(at('pairs.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const lines = rows.map(({ prompt, chosen, rejected }) => `${JSON.stringify({ prompt, chosen, rejected })}\n`);
  await writeFile(here('pairs.jsonl'), lines.join(''));
} finally {
  await rm(folder, { recursive: true, force: true });
}
