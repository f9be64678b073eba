const gpt2 = { prompt: 384, answer: 64, batch: 2, precision: 'float32' };
const long = { ...gpt2, prompt: 512, answer: 256 };

/**
 * The works, each a row of the table.
 *
 * `dpo`: both sides train a model of a shape of shapes.mjs (GPT-2 124M by default) with random weights by AdamW on random tokens:
 * `batch` pairs of a prompt and two answers, which end in EOS. Without `precomputeReference` a second model scores every batch,
 * or, with `loraRank`, the same model without its adapter. `alone` leaves the peer out.
 *
 * `rloo`: a step is an update: `samples` answers of exactly `answer` tokens to each of `batch` prompts, drawn at temperature 1,
 * their log-probabilities under the reference (the model without its adapter), and one pass over the answers. The reward is free.
 *
 * `generation`: both sides continue `rows` prompts of `prompt` random tokens by `answer` tokens each, drawn at temperature 1 from
 * a model of the shape of SmolLM2-135M with random weights. A step is the generation of all these tokens.
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
    precision: 'bfloat16',
    needsOneOf: ['avx512_bf16', 'amx_bf16'],
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
    name: 'smollm2-lora',
    kind: 'dpo',
    title: 'SmolLM2-135M shape, LoRA rank 16, 128 + 64 + 64 tokens, batch 4, float32',
    model: 'smollm2',
    prompt: 128,
    answer: 64,
    batch: 4,
    precision: 'float32',
    loraRank: 16,
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
    model: 'qwen2.5-0.5b',
    prompt: 256,
    answer: 128,
    batch: 2,
    precision: 'float32',
    loraRank: 16,
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
    kind: 'generation',
    title: 'generation: SmolLM2-135M, 32 prompts × 64 new tokens, sampled, float32',
    prompt: 16,
    answer: 64,
    rows: 32,
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
  const { model, prompt, answer, batch, samples, rows, precision, loraRank } = work;
  const sizes = { prompt, answer, batch, samples, rows };
  const values = Object.entries({ model, ...sizes, precision, 'lora-rank': loraRank, steps })
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => [`--${key}`, String(value)]);
  if (work.precomputeReference) values.push('--precompute-reference');
  if (work.activationCheckpointing) values.push('--activation-checkpointing');
  return values;
}
