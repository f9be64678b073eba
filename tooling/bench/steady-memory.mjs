// Whether resident memory stays flat over many steps: see README.md. Prints a table. Exit code 1 when memory grows. With --frozen an
// adapter is trained on a base that is stored in bfloat16.
import { parseArgs } from 'node:util';
import { random } from '@dpo/base';
import { adamw, methodNamed, offlineBatches, referenceModel, train, withoutAdapter } from '@dpo/core';
import { openEngine } from '@dpo/engine';
import { addLora, createModel } from '@dpo/models';

const steps = 500;
const LARGEST_GROWTH = 0.02;
const config = { model_type: 'gpt2', n_layer: 4, n_embd: 128, n_head: 4, vocab_size: 2000, n_positions: 256 };

const engine = await openEngine({ kind: 'tensorflow' });
const { values } = parseArgs({ options: { frozen: { type: 'boolean', default: false } } });
const base = createModel(engine, config, { seed: 1, storage: values.frozen ? 'bfloat16' : 'float32' });
const model = values.frozen ? await addLora(base, { rank: 8, alpha: 16, seed: 1 }) : base;
const reference = values.frozen ? withoutAdapter(model) : referenceModel(createModel(engine, config, { seed: 2 }));
const next = random(0);
const text = (length) => Int32Array.from({ length }, () => Math.floor(next() * config.vocab_size));
// Six different lengths, so that several shapes take turns, as in a real run.
const pairs = Array.from({ length: 4 * steps }, (_, i) => {
  const length = 12 + 8 * (Math.floor(i / 4) % 6);
  return { prompt: text(2 * length), chosen: text(length), rejected: text(length) };
});
const resident = [];
for await (const { step } of train({
  model,
  method: methodNamed('dpo', { beta: 0.1 }),
  reference,
  optimizer: adamw(),
  learningRate: () => 1e-5,
  batches: offlineBatches(pairs, { batchSize: 4, shuffle: false }),
  steps,
}))
  if (step % 100 === 0) {
    resident.push(process.memoryUsage().rss);
    process.stdout.write(`step ${step}: ${(resident.at(-1) / 1e6).toFixed(0)} MB\n`);
  }
model.dispose();
await engine.dispose();
const growth = resident.at(-1) / resident[0] - 1;
process.stdout.write(`growth after step 100: ${(100 * growth).toFixed(1)} %\n`);
process.exitCode = growth > LARGEST_GROWTH ? 1 : 0;
