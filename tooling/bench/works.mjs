const gpt2 = { prompt: 384, answer: 64, batch: 2, precision: 'float32' };

/**
 * What is measured: the rows of the table.
 *
 * `dpo`: both sides train a GPT-2 of 124M random weights with AdamW on random tokens: `batch` pairs of one prompt and two
 * answers, the answers' last token EOS. Without `precomputeReference` a second GPT-2 scores every batch.
 *
 * `generation`: both sides continue `rows` prompts of `prompt` random tokens by `answer` tokens each, drawn at
 * temperature 1 from a model of the shape of SmolLM2-135M with random weights. A step is the whole of that.
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
    name: 'generation',
    kind: 'generation',
    title: 'generation: SmolLM2-135M, 32 prompts × 64 new tokens, sampled, float32',
    prompt: 16,
    answer: 64,
    rows: 32,
  },
];

/** The programs of both sides, and what they count. `peer` is the other side. */
export const kinds = {
  dpo: { ours: 'ours-dpo.mjs', peer: 'trl_dpo.py', peerName: 'TRL', unit: 'pairs', perStep: ({ batch }) => batch },
  generation: {
    ours: 'ours-generation.mjs',
    peer: 'transformers_generation.py',
    peerName: 'transformers',
    unit: 'tokens',
    perStep: ({ rows, answer }) => rows * answer,
  },
};

/** A work as command-line arguments, which both sides understand. */
export function workArguments({ prompt, answer, batch, rows, precision, precomputeReference }, steps) {
  const values = Object.entries({ prompt, answer, batch, rows, precision, steps })
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => [`--${key}`, String(value)]);
  return precomputeReference ? [...values, '--precompute-reference'] : values;
}
