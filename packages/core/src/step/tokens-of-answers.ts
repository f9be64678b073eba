import type { PackedBatch } from '@dpo/base';

/**
 * Divides a number to each predicted token of a packed batch, [R], into one list to each of the S answers. Entries that only
 * fill the batch up are left out.
 */
export function tokensOfAnswers({ lengths, sequence }: PackedBatch, data: ArrayLike<number>): Float32Array[] {
  const answers = Array.from(lengths, (length) => new Float32Array(length));
  const next = new Uint32Array(answers.length);
  sequence.forEach((s, r) => {
    const answer = answers[s];
    if (answer === undefined) return;
    const token = next[s] as number;
    answer[token] = data[r] as number;
    next[s] = token + 1;
  });
  return answers;
}
