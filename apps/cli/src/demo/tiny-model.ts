import { writeFolderAtomic } from '@dpo/base/files';
import { adamw, learningRates, noReference, offlineBatches, supervisedMethod, train } from '@dpo/core';
import { encodePairs } from '@dpo/data';
import type { Engine } from '@dpo/engine';
import { createModel, loadTokenizer, saveModel } from '@dpo/models';
import { header } from '@dpo/run/command-line';
import type { Context } from '../command/define.js';
import { trainByteLevelBpe } from './bpe.js';
import { tinyReviews } from './tiny-text.js';

const VOCABULARY = 420;
const STEPS = 120;
const BATCH = 32;

/**
 * Makes a tiny GPT-2, for machines without network: trains a tokenizer and the model on a small text of film reviews, and writes a
 * Hugging Face folder. Returns the folder.
 */
export async function makeTinyModel(engine: Engine, folder: string, seed: number, context: Context): Promise<string> {
  const reviews = tinyReviews(1200, seed);
  const files = trainByteLevelBpe(
    reviews.map(({ opening, continuation }) => header + opening + continuation).join('\n'),
    VOCABULARY,
  );
  const tokenizer = await loadTokenizer(files);
  const config = {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    vocab_size: tokenizer.vocabSize,
    n_embd: 64,
    n_layer: 2,
    n_head: 4,
    n_positions: 128,
    bos_token_id: tokenizer.eosTokenId,
    eos_token_id: tokenizer.eosTokenId,
  };
  const model = createModel(engine, config, { seed });
  const pairs = encodePairs(
    reviews.map(({ opening, continuation }) => ({ prompt: header + opening, chosen: continuation, rejected: ' ' })),
    tokenizer,
  );
  for await (const { step, loss } of train({
    model,
    method: supervisedMethod({ averageOver: 'answers' }),
    reference: noReference(),
    optimizer: adamw(),
    learningRate: learningRates({ learningRate: 5e-3, schedule: 'linear', warmupSteps: 5, steps: STEPS }),
    batches: offlineBatches(pairs, { batchSize: BATCH, seed }),
    steps: STEPS,
    signal: context.signal,
  }))
    context.progress(`Teaching a tiny GPT-2 to write reviews: step ${step}/${STEPS}  loss ${loss.toFixed(2)}`);
  context.signal.throwIfAborted();
  await writeFolderAtomic(folder, 'model', (temporary) =>
    saveModel(model, temporary, { source: { tokenizerFiles: files } }),
  );
  model.dispose();
  return folder;
}
