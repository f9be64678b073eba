const gpt2 = { prompt: 384, answer: 64, batch: 2, precision: 'float32' };
const long = { ...gpt2, prompt: 512, answer: 256 };
const smollm2 = { model: 'smollm2', prompt: 128, answer: 64, batch: 4, precision: 'float32', loraRank: 16 };
const qwen = { model: 'qwen2.5-0.5b', prompt: 256, answer: 128, batch: 2, precision: 'float32', loraRank: 16 };
const generation = { kind: 'generation', prompt: 16, answer: 64 };
/** Nobody trains or generates in bfloat16 on processors that only emulate it. */
const bfloat16 = { precision: 'bfloat16', needsOneOf: ['avx512_bf16', 'amx_bf16'] };

/**
 * The works, each a row of the table.
 *
 * `dpo`: both sides train a model of a shape of shapes.mjs (GPT-2 124M by default) with random weights by AdamW on random tokens:
 * `batch` pairs of a prompt and two answers, which end in EOS. Without `precomputeReference` a second model scores every batch,
 * or, with `loraRank`, the same model without its adapter. `baseDtype` is how the weights are stored that are not trained: the
 * base under an adapter, or the second model. `alone` leaves the peer out.
 *
 * `rloo`: a step is an update: `samples` answers of exactly `answer` tokens to each of `batch` prompts, drawn at temperature 1,
 * their log-probabilities under the reference (the model without its adapter), and one pass over the answers. The reward is free.
 *
 * `generation`: both sides continue `rows` prompts of `prompt` random tokens by `answer` tokens each, drawn at temperature 1 from
 * a model of the shape of SmolLM2-135M with random weights. A step is the generation of all these tokens. With `peerBatches`, the
 * peer generates in batches of the size among these that it is fastest with.
 */
export const works = [
  {
    name: 'gpt2',
    kind: 'dpo',
    title: 'GPT-2 124M, 384 + 64 + 64 tokens, batch 2, online reference, float32',
    ...gpt2,
  },
  {
    name: 'gpt2-bfloat16',
    kind: 'dpo',
    title: 'the same, bfloat16',
    ...gpt2,
    ...bfloat16,
  },
  {
    name: 'gpt2-precomputed',
    kind: 'dpo',
    title: 'the same, reference precomputed, float32',
    ...gpt2,
    precomputeReference: true,
  },
  {
    name: 'gpt2-short-prompt',
    kind: 'dpo',
    title: 'little to share: 32 + 224 + 224 tokens, batch 2, online reference, float32',
    ...gpt2,
    prompt: 32,
    answer: 224,
  },
  {
    name: 'gpt2-short-prompt-bfloat16',
    kind: 'dpo',
    title: 'the same, bfloat16',
    ...gpt2,
    prompt: 32,
    answer: 224,
    ...bfloat16,
  },
  {
    name: 'smollm2-lora',
    kind: 'dpo',
    title: 'SmolLM2-135M shape, LoRA rank 16, 128 + 64 + 64 tokens, batch 4, float32',
    ...smollm2,
  },
  {
    name: 'smollm2-lora-bfloat16',
    kind: 'dpo',
    title: 'the same, bfloat16',
    ...smollm2,
    ...bfloat16,
  },
  {
    name: 'smollm2-lora-frozen-bfloat16',
    kind: 'dpo',
    title: 'the same, bfloat16, the frozen base stored in bfloat16',
    ...smollm2,
    ...bfloat16,
    baseDtype: 'bfloat16',
  },
  {
    name: 'gpt2-long',
    kind: 'dpo',
    title: 'GPT-2 124M, 512 + 256 + 256 tokens (1024 packed), batch 2, online reference, float32',
    ...long,
    alone: true,
  },
  {
    name: 'gpt2-long-checkpointing',
    kind: 'dpo',
    title: 'the same with activation checkpointing',
    ...long,
    activationCheckpointing: true,
    alone: true,
  },
  {
    name: 'qwen-vocabulary',
    kind: 'dpo',
    title: 'Qwen2.5-0.5B shape (vocabulary 151,936), LoRA rank 16, 256 + 128 + 128 tokens, batch 2, float32',
    ...qwen,
    alone: true,
  },
  {
    name: 'qwen-frozen',
    kind: 'dpo',
    title: 'the same, the frozen base stored in bfloat16',
    ...qwen,
    baseDtype: 'bfloat16',
    alone: true,
  },
  {
    name: 'qwen-frozen-bfloat16',
    kind: 'dpo',
    title: 'the same in bfloat16, the frozen base stored in bfloat16',
    ...qwen,
    ...bfloat16,
    baseDtype: 'bfloat16',
    alone: true,
  },
  {
    name: 'smollm2-rloo',
    kind: 'rloo',
    title: 'RLOO: SmolLM2-135M shape, LoRA rank 8, 16 prompts of 16 tokens × 4 samples of 24 tokens, float32',
    model: 'smollm2',
    prompt: 16,
    answer: 24,
    batch: 16,
    samples: 4,
    precision: 'float32',
    loraRank: 8,
  },
  {
    name: 'generation',
    title: 'generation: SmolLM2-135M, 32 prompts × 64 new tokens, sampled, float32',
    ...generation,
    rows: 32,
  },
  {
    name: 'generation-bfloat16',
    title: 'the same, bfloat16',
    ...generation,
    ...bfloat16,
    rows: 32,
  },
  {
    name: 'generation-128',
    title: 'generation: SmolLM2-135M, 128 prompts × 64 new tokens, sampled, float32, each side in its best batches',
    ...generation,
    rows: 128,
    peerBatches: [32, 64, 128],
  },
  {
    name: 'generation-128-bfloat16',
    title: 'the same, bfloat16',
    ...generation,
    ...bfloat16,
    rows: 128,
    peerBatches: [32, 64, 128],
  },
];

/** The programs of both sides, ours and the peer's, and the unit that they count. */
export const kinds = {
  dpo: { ours: 'ours-dpo.mjs', peer: 'trl_dpo.py', peerName: 'TRL', unit: 'pairs', perStep: ({ batch }) => batch },
  rloo: {
    ours: 'ours-rloo.mjs',
    peer: 'trl_rloo.py',
    peerName: 'TRL',
    unit: 'samples',
    perStep: ({ batch, samples }) => batch * samples,
  },
  generation: {
    ours: 'ours-generation.mjs',
    peer: 'transformers_generation.py',
    peerName: 'transformers',
    unit: 'tokens',
    perStep: ({ rows, answer }) => rows * answer,
  },
};

/** A work as command-line arguments, which both sides understand. */
export function workArguments(work, steps) {
  const { model, prompt, answer, batch, samples, rows, precision, loraRank, baseDtype } = work;
  const sizes = { prompt, answer, batch, samples, rows };
  const values = Object.entries({ model, ...sizes, precision, 'lora-rank': loraRank, 'base-dtype': baseDtype, steps })
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => [`--${key}`, String(value)]);
  if (work.precomputeReference) values.push('--precompute-reference');
  if (work.activationCheckpointing) values.push('--activation-checkpointing');
  return values;
}

/**
 * Arguments of a work for the peer alone.
 *
 * @param {{ peerBatches?: number[], [fact: string]: unknown }} work
 */
export function peerArguments({ peerBatches }) {
  return peerBatches === undefined ? [] : ['--batches', peerBatches.join()];
}
