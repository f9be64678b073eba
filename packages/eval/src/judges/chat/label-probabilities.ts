import type { ChatReply } from './chat-reply.js';

/** From this probability of all labels on, a place of the reply holds a label. Below it a label might have stood there. */
const LIKELY = 0.5;

/**
 * The probabilities of the labels in the first place of the reply in which they have half of the probability together, else in the
 * place in which they have most: a reply may begin with `**`. A label's probability is the sum over all tokens that are the label but
 * for blanks, quotes and case (`A`, ` A`, `a`). Undefined when the server sent no list of tokens, or no list with a label.
 */
export function labelProbabilities({ logprobs }: ChatReply, labels: readonly string[]): number[] | undefined {
  let best: { readonly probabilities: number[]; readonly mass: number } | undefined;
  for (const { top } of logprobs ?? []) {
    const probabilities = labels.map((label) =>
      top
        .filter(({ token }) => bare(token) === label)
        .reduce((sum, { logprob }) => sum + Math.exp(Math.min(0, logprob)), 0),
    );
    const mass = probabilities.reduce((sum, p) => sum + p, 0);
    if (mass >= LIKELY) return probabilities;
    if (mass > (best?.mass ?? 0)) best = { probabilities, mass };
  }
  return best?.probabilities;
}

function bare(token: string): string {
  return token.replace(/^[\s"'*_`([{▁Ġ]+|[\s"'*_`)\]}.:,]+$/g, '').toUpperCase();
}
