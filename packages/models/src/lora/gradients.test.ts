import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Engine, findLibrary, openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { afterAll, describe, expect, it } from 'vitest';
import { loadModel } from '../model/load-model.js';
import { lossAndGradients } from '../test/_gradients-for-tests.js';
import { tokenLogits } from '../test/_packing-for-tests.js';
import { tinyLlama } from '../test/tiny-models.js';
import { loadAdapter } from './adapter-files.js';
import { addLora } from './add-lora.js';

const fixtures = new URL('../../../../tooling/parity/fixtures/', import.meta.url);
const folderOf = (path: string) => fileURLToPath(new URL(path, fixtures));

const engines: [string, Engine][] = [['plain JavaScript', testEngine()]];
if ((await findLibrary()) !== undefined)
  engines.push(['the compiled engine', await openEngine({ precision: 'float32' })]);
afterAll(async () => {
  for (const [, engine] of engines) await engine.dispose();
});

/** The norm, and sums weighted by cos(i), cos(2i) and cos(3i), as in tooling/parity/lora.py. */
function fingerprint(gradient: Float32Array): number[] {
  const sum = (weight: (i: number) => number) => gradient.reduce((total, value, i) => total + value * weight(i), 0);
  const norm = Math.sqrt(gradient.reduce((total, value) => total + value * value, 0));
  return [norm, ...[1, 2, 3].map((k) => sum((i) => Math.cos(k * i)))];
}

describe.each(engines)('adapters on %s', (_, engine) => {
  it.each([
    ['gpt2', 'gpt2'],
    ['gpt2-dora', 'gpt2'],
    ['llama', 'llama'],
    ['llama-saved', 'llama'],
    ['llama-untied', 'llama-untied'],
  ])('have the gradients that PEFT gives: %s', async (name, base) => {
    const expected = JSON.parse(readFileSync(new URL(`lora/${name}/expected.json`, fixtures), 'utf8')) as {
      ids: number[];
      logits: number[][];
      gradients: Record<string, number[]>;
    };
    const { model } = await loadModel(engine, folderOf(`models/${base}`));
    const adapted = await loadAdapter(model, folderOf(`lora/${name}`));
    const logits = await tokenLogits(adapted, expected.ids);
    const largest = Math.max(...expected.logits.flat().map(Math.abs));
    expected.logits.flat().forEach((value, i) => {
      expect(Math.abs(value - (logits[i] as number))).toBeLessThan(1e-4 * largest);
    });
    const [first = 0, ...answer] = expected.ids;
    const { gradients } = await lossAndGradients(adapted, [{ prompt: [first], answer }]);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const [weight, values] of gradients) {
      const want = expected.gradients[weight] ?? [];
      const [norm = 0] = want;
      fingerprint(values).forEach((value, i) => {
        expect(Math.abs(value - (want[i] as number)), weight).toBeLessThan(1e-3 * norm + 1e-6);
      });
    }
    adapted.dispose();
  });

  it.each([false, true])('drop the same elements when a layer is recomputed (DoRA: %s)', async (dora) => {
    const model = await addLora(tinyLlama(engine), { rank: 2, alpha: 4, dropout: 0.4, dora, seed: 1 });
    for (const [name, variable] of model.trainable())
      if (name.includes('lora_B')) variable.write((await variable.read()).map((_, i) => Math.sin(i) / 4));
    const answers = [{ prompt: [1, 2, 3], answer: [4, 5, 6, 7] }];
    const plain = await lossAndGradients(model, answers, { dropoutSeed: 9 });
    const recomputed = await lossAndGradients(model, answers, { dropoutSeed: 9, activationCheckpointing: true });
    const other = await lossAndGradients(model, answers, { dropoutSeed: 10 });
    expect(Math.abs(recomputed.loss - plain.loss)).toBeLessThan(1e-5 * Math.abs(plain.loss));
    expect(Math.abs(other.loss - plain.loss)).toBeGreaterThan(1e-3);
    for (const [name, values] of plain.gradients) {
      const largest = Math.max(...values.map(Math.abs));
      values.forEach((value, i) => {
        expect(Math.abs(value - (recomputed.gradients.get(name)?.[i] as number)), name).toBeLessThan(
          1e-4 * largest + 1e-6,
        );
      });
    }
    model.dispose();
  });
});
