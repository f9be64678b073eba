import type { ChatReply } from './chat-reply.js';

/**
 * The probabilities of the labels in the first place where a label was likely: each the sum over the tokens that are the label but
 * for blanks, quotes and case (`A`, ` A`, `a`). Undefined where the server sent no list of tokens, or one without a label.
 */
export function labelProbabilities({ logprobs }: ChatReply, labels: readonly string[]): number[] | undefined {
  for (const { top } of logprobs ?? []) {
    const probabilities = labels.map((label) =>
      top
        .filter(({ token }) => bare(token) === label)
        .reduce((sum, { logprob }) => sum + Math.exp(Math.min(0, logprob)), 0),
    );
    if (probabilities.some((p) => p > 0)) return probabilities;
  }
  return undefined;
}

function bare(token: string): string {
  return token.replace(/^[\s"'*_`([{▁Ġ]+|[\s"'*_`)\]}.:,]+$/g, '').toUpperCase();
}
