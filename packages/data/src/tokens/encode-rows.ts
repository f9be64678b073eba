import { DpoError, type EncodedAnswer, type EncodedRanking, type PromptGroup, type Text } from '@dpo/base';
import { templateVariables } from '../rows/conversation.js';
import type { LabelledAnswer, PromptRow, RankedList } from '../rows/types.js';
import type { RowOrigin } from './cuts.js';
import { type Encoder, encoder } from './encode-each.js';
import { answerPiece, cutAnswer, promptPiece, textsOf, wholeAnswer } from './encode-text.js';
import { asTheyAre, type EncodedTexts } from './example-kind.js';

/**
 * Turns judged answers into tokens, as `encodePairs` does pairs. Each gets another prompt's answer beside it, the same in
 * every run, on which KTO estimates its KL divergence.
 *
 * Errors name the row: those of `encodePairs`, and `data.one-prompt` where all rows have the same prompt.
 */
export const encodeAnswers: Encoder<LabelledAnswer, EncodedAnswer & RowOrigin<'completion'>> = encoder({
  texts: (answer, row, tokenizer) => textsOf(answer, [['completion', answer.completion]], tokenizer, row),
  assemble(answer, row, encoded) {
    const { prompt: text, label, weight } = answer;
    const prompt = promptPiece(text, encoded, row);
    const whole = wholeAnswer(text, encoded, 1, row);
    const completion = cutAnswer(whole, prompt.tokens.length, encoded.options, row, 'completion');
    return { row, prompt, whole, completion, key: JSON.stringify([text, templateVariables(answer)]), label, weight };
  },
  *finish(rows, options) {
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
});

/**
 * Turns ranked lists into tokens, as `encodePairs` does pairs: the answer with the highest score first. A score says nothing
 * of answers that share it, so only the first of those is kept; lists with one score alone are left out.
 *
 * Errors name the row: those of `encodePairs`, and `data.no-ranking` where no list has two different scores.
 */
export const encodeRankings: Encoder<RankedList, EncodedRanking & RowOrigin> = encoder({
  texts(list, row, tokenizer) {
    const ranked = rankingOf(list);
    const answers = ranked.map((i) => [`responses[${i}]`, list.responses[i] as Text] as const);
    return ranked.length < 2 ? [] : textsOf(list, answers, tokenizer, row);
  },
  assemble({ prompt: text, weight }, row, encoded) {
    if (encoded.texts.length === 0) return undefined;
    const prompt = promptPiece(text, encoded, row);
    const answers = encoded.texts.slice(1).map((_, k) => answerPiece(text, prompt.tokens.length, encoded, k + 1, row));
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

/** A prompt with any answers to it. */
export interface PromptWithAnswers extends PromptRow {
  readonly answers: readonly Text[];
}

/**
 * Turns prompts with answers into tokens, as `encodePairs` does pairs: all answers, in their order. An answer without a text, as
 * models write some, is its end alone. Errors are those of `encodePairs`.
 */
export const encodeGroups: Encoder<PromptWithAnswers, PromptGroup & RowOrigin> = encoder({
  texts: (given, row, tokenizer) =>
    textsOf(
      given,
      given.answers.map((answer, k) => [`answers[${k}]`, answer] as const),
      tokenizer,
      row,
    ),
  assemble({ prompt: text, answers }, row, encoded) {
    const prompt = promptPiece(text, encoded, row);
    const pieces = answers.map((_, k) =>
      encoded.tokens[k + 1]?.length === 0
        ? { tokens: endAlone(encoded), cut: 0 }
        : answerPiece(text, prompt.tokens.length, encoded, k + 1, row),
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

/** The responses by their index, the best first; of those that share a score only the first. */
function rankingOf({ responses, scores }: RankedList): number[] {
  const order = [...responses.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.filter((i, k) => k === 0 || scores[i] !== scores[order[k - 1] as number]);
}

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
