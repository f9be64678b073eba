/** What makes an answer the better one, in words for a judge, and what the texts are called. */
export interface Rubric {
  readonly name: string;
  /** What the prompt is called, such as `post`. */
  readonly prompt: string;
  /** What an answer is called, such as `summary`. */
  readonly answer: string;
  /** The question, as sentences. */
  readonly criteria: string;
}

/**
 * The DPO paper's three questions to its judge (arXiv 2305.18290, appendix C.2) in words of our own: a plain and a concise one on
 * summaries, and one on dialogue.
 */
export const rubrics: readonly Rubric[] = [
  {
    name: 'summary',
    prompt: 'forum post',
    answer: 'summary',
    criteria:
      'Decide which summary does better at giving the main points of the post, and at leaving out details that do not matter.',
  },
  {
    name: 'concise-summary',
    prompt: 'forum post',
    answer: 'summary',
    criteria:
      'Decide which summary does better at giving the main points of the post, and at leaving out details that do not matter. ' +
      'A summary that is both exact and short is a good one.',
  },
  {
    name: 'helpful',
    prompt: 'request to a chat assistant',
    answer: 'reply',
    criteria: 'Decide which reply helps the person who asked more.',
  },
];

/** A rubric in a user's words. */
export function ownRubric(criteria: string): Rubric {
  return { name: 'custom', prompt: 'prompt', answer: 'answer', criteria };
}
