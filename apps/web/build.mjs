// Bundles the page into dist/: static files, which any server of files can serve.
import { copyFile, cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForBrowsers } from '../../tooling/browser/bundle.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
/** The programs of tfjs's WebAssembly backend. The engine starts one thread, so the one for threads is left out. */
const programs = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'];

/** Builds the page into a folder, which appears whole or not at all. */
export async function buildPage(folder) {
  const unfinished = `${folder}.${process.pid}.partial`;
  await mkdir(join(unfinished, 'wasm'), { recursive: true });
  try {
    const scripts = [
      ['policy.js', 'src/page/policy.ts', 'iife'],
      ['page.js', 'src/page/page.ts', 'esm'],
      ['worker.js', 'src/worker/worker.ts', 'esm'],
    ];
    // One file each: nothing is loaded later, so that the worker can start from a blob.
    for (const [name, entry, format] of scripts)
      await writeFile(join(unfinished, name), (await bundleForBrowsers(here(entry), { format })).code);
    for (const name of await readdir(here('src/parts')))
      await copyFile(here(`src/parts/${name}`), join(unfinished, name));
    await cp(here('demo'), join(unfinished, 'demo'), { recursive: true, filter: (path) => !path.endsWith('.mjs') });
    const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
    for (const name of programs) await copyFile(join(wasm, name), join(unfinished, 'wasm', name));
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(here('dist'));
