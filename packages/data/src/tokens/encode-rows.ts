import { DpoError, type EncodedAnswer, type EncodedRanking, type PromptGroup, type Text } from '@dpo/base';
import { templateVariables } from '../rows/conversation.js';
import type { LabelledAnswer, PromptRow, RankedList } from '../rows/types.js';
import type { RowOrigin } from './cuts.js';
import { type Encoder, encoder } from './encode-each.js';
import { answerPiece, cutAnswer, promptPiece, textsOf, wholeAnswer } from './encode-text.js';
import { asTheyAre, type EncodedTexts } from './example-kind.js';

/**
 * Turns judged answers into tokens, as `encodePairs` does pairs. Each example has another prompt's answer besides, the same in
 * every run, on which KTO estimates its KL divergence.
 *
 * @throws DpoError the errors of `encodePairs`; `data.one-prompt` when all rows have the same prompt
 */
export const encodeAnswers: Encoder<LabelledAnswer, EncodedAnswer & RowOrigin<'completion'>> = encoder({
  texts: (answer, row, tokenizer) => textsOf(answer, [['completion', answer.completion]], tokenizer, row),
  assemble(answer, row, input) {
    const { prompt: text, label, weight } = answer;
    const prompt = promptPiece(text, input, row);
    const whole = wholeAnswer(text, input, 1, row);
    const completion = cutAnswer(whole, prompt.tokens.length, input.options, row, 'completion');
    return { row, prompt, whole, completion, key: JSON.stringify([text, templateVariables(answer)]), label, weight };
  },
  *finish(rows, options) {
    const others = yield* nextDifferent(rows);
    const examples: (EncodedAnswer & RowOrigin<'completion'>)[] = [];
    for (const [index, { row, prompt, completion, label, weight }] of rows.entries()) {
      const other = (rows[others[index] as number] as (typeof rows)[number]).whole;
      examples.push({
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
    return examples;
  },
});

/**
 * Turns ranked lists into tokens, as `encodePairs` does pairs, the answer with the highest score first. Answers with equal
 * scores have no order, so only the first of them is kept. Lists whose scores are all equal are left out.
 *
 * @throws DpoError the errors of `encodePairs`; `data.no-ranking` when no list has two different scores
 */
export const encodeRankings: Encoder<RankedList, EncodedRanking & RowOrigin> = encoder({
  texts(list, row, tokenizer) {
    const order = rankingOf(list);
    const answers = order.map((i) => [`responses[${i}]`, list.responses[i] as Text] as const);
    return order.length < 2 ? [] : textsOf(list, answers, tokenizer, row);
  },
  assemble({ prompt: text, weight }, row, input) {
    if (input.texts.length === 0) return undefined;
    const prompt = promptPiece(text, input, row);
    const answers = input.texts.slice(1).map((_, k) => answerPiece(text, prompt.tokens.length, input, k + 1, row));
    return {
      row,
      prompt: prompt.tokens,
      answers: answers.map(({ tokens }) => tokens),
      ...(weight === undefined ? {} : { weight }),
      cut: { prompt: prompt.cut, ...Object.fromEntries(answers.map(({ cut }, k) => [String(k), cut])) },
    };
  },
  finish(drafts) {
    const rankings = drafts.filter((ranking) => ranking !== undefined);
    if (rankings.length > 0) return asTheyAre(rankings);
    throw new DpoError('data.no-ranking', 'No list has two answers with different scores: there is nothing to rank.', {
      values: { rows: drafts.length },
      hint: 'Check the column of scores.',
    });
  },
});

/** A prompt with any number of answers. */
export interface PromptWithAnswers extends PromptRow {
  readonly answers: readonly Text[];
}

/**
 * Turns prompts with answers into tokens, as `encodePairs` does pairs: all answers, in their order. An empty answer, which models
 * write at times, is its end token alone.
 * @throws DpoError the errors of `encodePairs`
 */
export const encodeGroups: Encoder<PromptWithAnswers, PromptGroup & RowOrigin> = encoder({
  texts: (group, row, tokenizer) =>
    textsOf(
      group,
      group.answers.map((answer, k) => [`answers[${k}]`, answer] as const),
      tokenizer,
      row,
    ),
  assemble({ prompt: text, answers }, row, input) {
    const prompt = promptPiece(text, input, row);
    const pieces = answers.map((_, k) =>
      input.tokens[k + 1]?.length === 0
        ? { tokens: endAlone(input), cut: 0 }
        : answerPiece(text, prompt.tokens.length, input, k + 1, row),
    );
    return {
      row,
      prompt: prompt.tokens,
      answers: pieces.map(({ tokens }) => tokens),
      cut: { prompt: prompt.cut, ...Object.fromEntries(pieces.map(({ cut }, k) => [String(k), cut])) },
    };
  },
  finish: asTheyAre,
});

function endAlone({ tokenizer: { eosTokenId }, options }: EncodedTexts): Int32Array {
  return Int32Array.from(eosTokenId === undefined || options.eos === false ? [] : [eosTokenId]);
}

/** The indices of the responses, the best first. Of responses with equal scores only the first is in the list. */
function rankingOf({ responses, scores }: RankedList): number[] {
  const order = [...responses.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.filter((i, k) => k === 0 || scores[i] !== scores[order[k - 1] as number]);
}

/** For each row the index of the next row with another prompt; the first row follows the last. One row at each step. */
function* nextDifferent(rows: readonly { readonly key: string }[]): Generator<undefined, Int32Array> {
  const { length } = rows;
  const next = new Int32Array(length);
  if (rows.every(({ key }) => key === rows[0]?.key))
    throw new DpoError(
      'data.one-prompt',
      'All rows have the same prompt, so that no answer of another prompt exists.',
      {
        values: { rows: length },
        hint: 'KTO needs answers to two prompts or more.',
      },
    );
  // Two rounds, backwards: in the second round every row's follower has its result.
  for (let k = 2 * length - 1; k >= 0; k--) {
    const [row, follower] = [k % length, (k + 1) % length];
    next[row] = rows[row]?.key === rows[follower]?.key ? (next[follower] as number) : follower;
    yield;
  }
  return next;
}
