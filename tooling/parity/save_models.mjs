// Loads every tiny model of fixtures/models/ and saves it again as float32: node tooling/parity/save_models.mjs FOLDER
// For check_saved.py; needs the packages built.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPortable } from '../../packages/engine/dist/index.js';
import { loadModel, saveModel } from '../../packages/models/dist/index.js';

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: node save_models.mjs FOLDER');
const fixtures = fileURLToPath(new URL('fixtures/models/', import.meta.url));
const engine = await openPortable();
for (const entry of readdirSync(fixtures, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const { model, source } = await loadModel(engine, join(fixtures, entry.name));
  await saveModel(model, join(out, entry.name), { source });
  model.dispose();
}
await engine.dispose();
