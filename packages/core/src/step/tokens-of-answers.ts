import type { PackedBatch } from '@dpo/base';

/** A number to each predicted token of a packed batch, [R], as one list to each of its S answers, filling left out. */
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
