import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EncodedPair } from '@dpo/base';
import { openEngine } from '@dpo/engine';
import { testEngine } from '@dpo/engine/test';
import { loadModel } from '@dpo/models';
import { afterAll, describe, expect, it } from 'vitest';
import { chosenBatches } from '../batches/offline.js';
import { adamw } from '../optimizers/adamw.js';
import { noReference } from '../reference.js';
import { bigramModel } from '../test/bigram-model.js';
import { type StepRecord, type TrainOptions, train } from '../trainer.js';
import { methodNamed } from './method-named.js';
import { sumOfMethods } from './sum-of-methods.js';
import { supervisedMethod } from './supervised.js';

const folder = new URL('../../../../tooling/parity/fixtures/core/', import.meta.url);
const parse = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
const fixture: {
  readonly rows: number;
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly maxGradNorm: number;
  readonly runs: readonly {
    readonly family: string;
    readonly records: readonly { readonly loss: number; readonly grad_norm: number }[];
  }[];
} = parse('supervised.json');
const { pairs: rows }: { readonly pairs: readonly Record<'prompt' | 'chosen' | 'rejected', number[]>[] } =
  parse('trajectories.json');
const pairs: readonly EncodedPair[] = rows.slice(0, fixture.rows).map(({ prompt, chosen, rejected }) => ({
  prompt: Int32Array.from(prompt),
  chosen: Int32Array.from(chosen),
  rejected: Int32Array.from(rejected),
}));
const rowsOfStep = (step: number) =>
  Array.from({ length: fixture.batch }, (_, i) => ((step - 1) * fixture.batch + i) % pairs.length);

async function all(options: TrainOptions): Promise<StepRecord[]> {
  const records: StepRecord[] = [];
  for await (const record of train(options)) records.push(record);
  return records;
}

const best = await openEngine();
afterAll(() => best.dispose());

describe('ten steps as SFTTrainer takes them, with two accumulated micro-batches', () => {
  const records = (family: string) => fixture.runs.find((run) => run.family === family)?.records ?? [];
  const cases = [
    ['gpt2', 'micro-batches of one row', records('gpt2'), { microBatches: 4 }],
    ['llama', 'one batch', records('llama'), { microBatches: 1 }],
    ['llama', 'micro-batches of three rows and one', records('llama'), { microBatches: 3 }],
  ] as const;

  it.each(cases)('%s, %s', async (family, _, expected, packing) => {
    const { model } = await loadModel(best, fileURLToPath(new URL(family, folder)));
    const records = await all({
      ...{
        model,
        reference: noReference(),
        method: supervisedMethod(),
        optimizer: adamw(),
        batches: chosenBatches(pairs, rowsOfStep),
      },
      ...{ learningRate: () => fixture.learningRate, maxGradNorm: fixture.maxGradNorm, steps: fixture.steps },
      packing,
    });
    expected.forEach(({ loss, grad_norm }, k) => {
      const record = records[k] as StepRecord;
      expect(Math.abs(record.loss - loss), `step ${k + 1}: ${record.loss}, not ${loss}`).toBeLessThan(1e-4 * loss);
      expect(Math.abs(record.grad_norm - grad_norm), `step ${k + 1}`).toBeLessThan(1e-3 * grad_norm);
    });
    model.dispose();
  });
});

describe('supervised fine-tuning', () => {
  const small = (change: Partial<TrainOptions>): TrainOptions => ({
    model: bigramModel(testEngine(), { vocabSize: 40 }),
    ...{
      batches: chosenBatches(pairs, rowsOfStep),
      steps: 3,
      reference: noReference(),
      optimizer: adamw(),
      learningRate: () => 0.05,
    },
    ...{ method: supervisedMethod(), evaluation: { examples: pairs.slice(0, 5), everySteps: 1 } },
    ...change,
  });
  const tokensOf = (rows: readonly EncodedPair[]) => rows.reduce((sum, { chosen }) => sum + chosen.length, 0);

  it('divides the sum over answers by their tokens, in training and in evaluation', async () => {
    const [first] = await all(small({ steps: 1 }));
    const [paper] = await all(small({ steps: 1, method: supervisedMethod({ averageOver: 'answers' }) }));
    const ratio = fixture.batch / tokensOf(pairs.slice(0, fixture.batch));
    expect(first?.loss).toBeCloseTo((paper?.loss as number) * ratio, 5);
    expect(first?.grad_norm).toBeCloseTo((paper?.grad_norm as number) * ratio, 5);
    // The numbers of the answers themselves are sums in both.
    expect(first?.['logps/chosen']).toBeCloseTo(-(paper?.loss as number), 4);
    expect(first?.eval_loss).toBeCloseTo(
      (-(first?.['eval_logps/chosen'] as number) * 5) / tokensOf(pairs.slice(0, 5)),
      4,
    );
  });

  it('is the mean over answers by the name sft, and in sums as well as the mean over tokens', async () => {
    const losses = async (change: Partial<TrainOptions>) => (await all(small(change))).map(({ loss }) => loss);
    const paper = await losses({ method: supervisedMethod({ averageOver: 'answers' }) });
    expect(await losses({ method: methodNamed('sft') })).toEqual(paper);
    const inSum = await losses({ method: sumOfMethods([{ method: methodNamed('sft') }]) });
    inSum.forEach((loss, i) => {
      expect(loss).toBeCloseTo(paper[i] as number, 4);
    });
    const tokens = await losses({ method: sumOfMethods([{ method: supervisedMethod() }]) });
    (await losses({})).forEach((loss, i) => {
      expect(tokens[i]).toBeCloseTo(loss, 5);
    });
  });
});
