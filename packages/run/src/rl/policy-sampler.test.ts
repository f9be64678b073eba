import { openLogpScorer } from '@dpo/core';
import { findLibrary, openEngine } from '@dpo/engine';
import { createModel } from '@dpo/models';
import { expect, it } from 'vitest';
import { policySampler } from './policy-sampler.js';

const library = await findLibrary();
const config = {
  model_type: 'llama',
  vocab_size: 40,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  initializer_range: 0.2,
};

it.skipIf(library === undefined)(
  'gives the log-probabilities that training computes, in bfloat16 to the last bit',
  async () => {
    const engine = await openEngine({ kind: 'tensorflow', precision: 'bfloat16' });
    const model = createModel(engine, config, { seed: 1 });
    const prompts = [Int32Array.of(1, 2, 3), Int32Array.of(4)];
    const byPrompt = await policySampler(model, { maxNewTokens: 6, endTokens: [0] })({ prompts, samples: 3, seed: 5 });
    const groups = prompts.map((prompt, g) => ({ prompt, answers: (byPrompt[g] ?? []).map(({ tokens }) => tokens) }));
    const scorer = openLogpScorer(model);
    expect(byPrompt.map((answers) => answers.map(({ logps }) => logps))).toEqual(await scorer.score(groups));
    scorer.dispose();
    await engine.dispose();
  },
);
