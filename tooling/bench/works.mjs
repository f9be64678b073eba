/**
 * What is measured. Both sides train a GPT-2 of 124M random weights with AdamW on random tokens: `batch` pairs of one
 * prompt and two answers, the answers' last token EOS. Without `precomputeReference` a second GPT-2 scores every batch.
 */
export const works = [
  {
    name: 'gpt2-float32',
    title: 'GPT-2 124M, 384 + 64 + 64 tokens, batch 2, online reference, float32',
    prompt: 384,
    answer: 64,
    batch: 2,
    precision: 'float32',
  },
  {
    name: 'gpt2-bfloat16',
    title: 'the same, bfloat16',
    prompt: 384,
    answer: 64,
    batch: 2,
    precision: 'bfloat16',
  },
  {
    name: 'gpt2-precomputed',
    title: 'the same, reference precomputed, float32',
    prompt: 384,
    answer: 64,
    batch: 2,
    precision: 'float32',
    precomputeReference: true,
  },
  {
    name: 'gpt2-short-prompt',
    title: 'little to share: 32 + 224 + 224 tokens, batch 2, online reference, float32',
    prompt: 32,
    answer: 224,
    batch: 2,
    precision: 'float32',
  },
];

/** A work as command-line arguments, which both sides understand. */
export function workArguments({ prompt, answer, batch, precision, precomputeReference }, steps) {
  const numbers = { prompt, answer, batch, steps };
  const flags = precomputeReference ? ['--precompute-reference'] : [];
  return [
    ...Object.entries(numbers).flatMap(([key, value]) => [`--${key}`, String(value)]),
    '--precision',
    precision,
    ...flags,
  ];
}
