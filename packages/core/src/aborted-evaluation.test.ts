import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testEngine } from '@dpo/engine/test';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { weightSaver } from './_save-weights-for-tests.js';
import { chosenBatches } from './batches/offline.js';
import { ktoMethod } from './methods/kto.js';
import { optimizers } from './optimizers/registry.js';
import { readCheckpointState } from './read-checkpoint-state.js';
import { referenceModel } from './reference.js';
import { bigramModel } from './test/bigram-model.js';
import { type StepRecord, train } from './trainer.js';

const STEPS = 6;
// KTO looks at all held-out answers before it measures them.
const answers = Array.from({ length: 10 }, (_, i) => ({
  prompt: Int32Array.of(i % 7, (i * 3) % 11),
  completion: Int32Array.of((i * 5) % 11, i % 4, 10),
  mismatched: Int32Array.of((i * 2) % 9, 10),
  desirable: i % 2 === 0,
}));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-left-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Trains with an evaluation after each second step, and aborts the signal when the evaluation of step `abortAt` begins. */
async function run(abortAt: number | undefined, resume?: string): Promise<Partial<StepRecord>[]> {
  const engine = testEngine();
  const model = bigramModel(engine);
  const control = new AbortController();
  let step = 0;
  const records: Partial<StepRecord>[] = [];
  for await (const record of train({
    model,
    method: ktoMethod({ beta: 0.3 }),
    reference: referenceModel(bigramModel(engine, { name: 'reference' })),
    optimizer: optimizers.adamw(),
    learningRate: (now) => {
      step = now;
      return 0.05;
    },
    batches: chosenBatches(answers.slice(0, 6), (now) => [now % 6, (now + 1) % 6, (now + 3) % 6]),
    steps: STEPS,
    evaluation: {
      examples: answers.slice(6),
      everySteps: 2,
      patience: 9,
      get reference() {
        if (step === abortAt) control.abort();
        return undefined;
      },
    },
    checkpoints: {
      folder,
      saveModel: weightSaver(model),
    },
    resume,
    signal: control.signal,
  })) {
    const { pairs_per_second: _, peak_rss_bytes: __, ...same } = record;
    records.push(same);
  }
  await engine.dispose();
  return records;
}

describe('an evaluation that the signal cuts short', () => {
  it.each([4, STEPS])(
    'after step %i is computed by the resumed run, as if the run had not stopped',
    async (abortAt) => {
      const whole = await run(undefined);
      expect(whole.map(({ eval_loss }) => eval_loss !== undefined)).toEqual([false, true, false, true, false, true]);
      await rm(folder, { recursive: true });
      const before = await run(abortAt);
      expect(before).toEqual(whole.slice(0, abortAt - 1));
      const checkpoint = join(folder, `checkpoint-${abortAt}`);
      expect((await readCheckpointState(checkpoint)).unevaluated?.step).toBe(abortAt);
      expect(await run(undefined, checkpoint)).toEqual(whole.slice(abortAt - 1));
      const { unevaluated, best, stale } = await readCheckpointState(join(folder, `checkpoint-${STEPS}`));
      expect([unevaluated, best?.step, stale]).toEqual([undefined, whole.filter((each) => each.best).at(-1)?.step, 0]);
    },
  );

  it('stays open when the resumed run is interrupted in the same evaluation', async () => {
    await run(4);
    const checkpoint = join(folder, 'checkpoint-4');
    // The resumed run has taken no step yet.
    expect(await run(0, checkpoint)).toEqual([]);
    expect((await readCheckpointState(checkpoint)).unevaluated?.step).toBe(4);
  });
});
