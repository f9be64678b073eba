import { fileURLToPath } from 'node:url';
import { type EncodedPair, random } from '@dpo/base';
import { pack } from '@dpo/base/packing';
import { openEngine } from '@dpo/engine';
import { addLora, loadModel } from '@dpo/models';
import { afterAll, expect, it } from 'vitest';
import { chosenBatches } from './batches/offline.js';
import { methodNamed } from './methods/method-named.js';
import { optimizers } from './optimizers/registry.js';
import { withoutAdapter } from './reference.js';
import { dropoutNumbers } from './step/dropout-numbers.js';
import { train } from './trainer.js';

const best = await openEngine();
afterAll(() => best.dispose());
const folder = fileURLToPath(new URL('../../../tooling/parity/fixtures/core/llama', import.meta.url));

const uniform = random(3);
const tokens = (length: number) => Int32Array.from({ length }, () => 1 + Math.floor(uniform() * 30));
const pairs: EncodedPair[] = Array.from({ length: 6 }, (_, i) => ({
  prompt: tokens(2 + i),
  chosen: tokens(3 + ((2 * i) % 5)),
  rejected: tokens(2 + ((3 * i) % 4)),
}));

/** The losses and norms of three steps with dropout in the adapter, and the adapter's weights afterwards. */
async function run(packing: { readonly microBatches?: number; readonly positions?: number }, dropout = 0.4) {
  const model = await addLora((await loadModel(best, folder)).model, { rank: 2, alpha: 8, dropout, seed: 1 });
  const records: number[] = [];
  for await (const { loss, grad_norm } of train({
    ...{ model, method: methodNamed('dpo', { beta: 0.5 }), reference: withoutAdapter(model), packing, steps: 3 },
    ...{ optimizer: optimizers.sgd(), learningRate: () => 0.5, batches: chosenBatches(pairs, () => pairs.keys()) },
  }))
    records.push(loss, grad_norm);
  const weights: number[] = [];
  for (const variable of model.trainable().values()) weights.push(...(await variable.read()));
  model.dispose();
  return [...records, ...weights];
}

it('drops the same elements of an example, whichever micro-batch the example is in', async () => {
  const whole = await run({ microBatches: 1 });
  expect(whole).not.toEqual(await run({ microBatches: 1 }, 0));
  for (const packing of [{ microBatches: 2 }, { microBatches: 6 }, { positions: 20 }]) {
    const divided = await run(packing);
    divided.forEach((value, i) => {
      expect(Math.abs(value - (whole[i] as number)), `${i}`).toBeLessThan(
        1e-4 * Math.max(1, Math.abs(whole[i] as number)),
      );
    });
  }
});

it('knows a position by its example, answer and place, whatever stands around it', () => {
  const groups = pairs.map(({ prompt, chosen, rejected }) => ({ prompt, answers: [chosen, rejected] }));
  /** The number of each predictor, by example, answer and position. */
  const numbers = (order: readonly number[]) => {
    const batch = pack(order.map((g) => groups[g] as (typeof groups)[number]));
    const rows = dropoutNumbers(batch, order);
    const of = new Map<string, number>();
    batch.predictors.forEach((position, r) => {
      const s = batch.sequence[r] as number;
      if (s === batch.sequences) return;
      of.set(`${order[Math.floor(s / 2)]} ${s % 2} ${batch.positions[position]}`, rows.data[position] as number);
    });
    return of;
  };
  const all = numbers([0, 1, 2, 3, 4, 5]);
  expect(new Set(all.values()).size).toBeGreaterThan(0.8 * all.size);
  for (const order of [[5, 3, 1], [2], [4, 0]]) {
    for (const [key, number] of numbers(order)) expect(number, key).toBe(all.get(key));
  }
  for (const number of all.values()) expect(number).toBeLessThan(2 ** 15);
});
