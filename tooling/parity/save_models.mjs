// Loads every tiny model of fixtures/models/ and writes the input of check_saved.py into FOLDER/NAME: the model, saved again as
// float32, and a LoRA adapter of all its linear layers in adapter/, with greedy continuations in adapter/greedy.json.
//
//     node tooling/parity/save_models.mjs FOLDER        (needs the packages built)
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPortable } from '../../packages/engine/dist/index.js';
import { addLora, generate, loadModel, saveAdapter, saveModel } from '../../packages/models/dist/index.js';

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: node save_models.mjs FOLDER');
const fixtures = fileURLToPath(new URL('fixtures/models/', import.meta.url));
const engine = await openPortable();
for (const entry of readdirSync(fixtures, { withFileTypes: true })) {
  if (!entry.isDirectory()) continue;
  const folder = join(out, entry.name);
  const { model, source } = await loadModel(engine, join(fixtures, entry.name));
  await saveModel(model, folder, { source });

  const adapted = await addLora(model, { rank: 2, alpha: 4, seed: 1, targets: 'all-linear' });
  for (const [name, variable] of adapted.trainable())
    if (name.includes('lora_B'))
      variable.write(Float32Array.from({ length: (await variable.read()).length }, (_, i) => Math.sin(i + 1) / 3));
  await saveAdapter(adapted, join(folder, 'adapter'), { baseModel: folder });
  const expected = JSON.parse(readFileSync(join(fixtures, entry.name, 'expected.json'), 'utf8'));
  const prompts = expected.greedy.map(({ prompt }) => prompt);
  const greedy = (await generate(adapted, prompts, { maxNewTokens: 12, temperature: 0 })).map(
    ({ tokens, logps }, i) => ({ prompt: prompts[i], tokens: [...tokens], logps: [...logps] }),
  );
  writeFileSync(join(folder, 'adapter', 'greedy.json'), JSON.stringify(greedy));
  adapted.dispose();
}
await engine.dispose();
