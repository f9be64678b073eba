import { DpoError, type EncodedAnswer, type EncodedRanking } from '@dpo/base';
import { templateVariables } from '../rows/conversation.js';
import type { LabelledAnswer, RankedList } from '../rows/types.js';
import type { RowOrigin } from './cuts.js';
import { type Encoder, encodeEach, encoder } from './encode-each.js';
import { cutAnswer, encodeAnswer, encodePrompt } from './encode-text.js';

/**
 * Turns judged answers into tokens, as `encodePairs` does pairs. Each gets another prompt's answer beside it, the same in
 * every run, on which KTO estimates its KL divergence.
 *
 * Errors name the row: those of `encodePairs`, and `data.one-prompt` where all rows have the same prompt.
 */
export const encodeAnswers: Encoder<LabelledAnswer, EncodedAnswer & RowOrigin<'completion'>> = encoder(
  'encodeAnswers',
  function* (dataset, tokenizer, options) {
    const rows = yield* encodeEach(dataset, options, (answer, row) => {
      const { prompt: text, completion: given, label, weight } = answer;
      const variables = templateVariables(answer);
      const prompt = encodePrompt(text, variables, tokenizer, options, row);
      const whole = encodeAnswer(prompt, given, tokenizer, options, row, 'completion');
      const completion = cutAnswer(whole, prompt.tokens.length, options, row, 'completion');
      return { row, prompt, whole, completion, key: JSON.stringify([text, variables]), label, weight };
    });
    const others = yield* nextDifferent(rows);
    const encoded: (EncodedAnswer & RowOrigin<'completion'>)[] = [];
    for (const [index, { row, prompt, completion, label, weight }] of rows.entries()) {
      const other = (rows[others[index] as number] as (typeof rows)[number]).whole;
      encoded.push({
        row,
        prompt: prompt.tokens,
        completion: completion.tokens,
        mismatched: cutAnswer(other, prompt.tokens.length, options, row, 'mismatched').tokens,
        desirable: label,
        ...(weight === undefined ? {} : { weight }),
        cut: { prompt: prompt.cut, completion: completion.cut },
      });
      yield;
    }
    return encoded;
  },
);

/**
 * Turns ranked lists into tokens, as `encodePairs` does pairs: the answer with the highest score first. A score says nothing
 * of answers that share it, so only the first of those is kept; lists with one score alone are left out.
 *
 * Errors name the row: those of `encodePairs`, and `data.no-ranking` where no list has two different scores.
 */
export const encodeRankings: Encoder<RankedList, EncodedRanking & RowOrigin> = encoder(
  'encodeRankings',
  function* (dataset, tokenizer, options) {
    const encoded = yield* encodeEach(dataset, options, (list, row) => {
      const { prompt: text, responses, scores, weight } = list;
      const order = [...responses.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
      const ranked = order.filter((i, k) => k === 0 || scores[i] !== scores[order[k - 1] as number]);
      if (ranked.length < 2) return undefined;
      const prompt = encodePrompt(text, templateVariables(list), tokenizer, options, row);
      const answers = ranked.map((i) => {
        const key = `responses[${i}]`;
        const whole = encodeAnswer(prompt, responses[i] as string, tokenizer, options, row, key);
        return cutAnswer(whole, prompt.tokens.length, options, row, key);
      });
      return {
        row,
        prompt: prompt.tokens,
        answers: answers.map(({ tokens }) => tokens),
        ...(weight === undefined ? {} : { weight }),
        cut: { prompt: prompt.cut, ...Object.fromEntries(answers.map(({ cut }, k) => [String(k), cut])) },
      };
    });
    const rankings = encoded.filter((ranking) => ranking !== undefined);
    if (rankings.length > 0) return rankings;
    throw new DpoError('data.no-ranking', 'No list has two answers with different scores: there is nothing to rank.', {
      values: { rows: encoded.length },
      hint: 'Check the column of scores.',
    });
  },
);

/** For each row the next one, around the end, whose prompt is another; one row a step. */
function* nextDifferent(rows: readonly { readonly key: string }[]): Generator<undefined, Int32Array> {
  const { length } = rows;
  const next = new Int32Array(length);
  if (rows.every(({ key }) => key === rows[0]?.key))
    throw new DpoError('data.one-prompt', 'All rows have the same prompt, so that no answer can be given to another.', {
      values: { rows: length },
      hint: 'KTO needs answers to two prompts or more.',
    });
  // Twice around, backwards: the second time every row's follower is known.
  for (let k = 2 * length - 1; k >= 0; k--) {
    const [row, follower] = [k % length, (k + 1) % length];
    next[row] = rows[row]?.key === rows[follower]?.key ? (next[follower] as number) : follower;
    yield;
  }
  return next;
}
