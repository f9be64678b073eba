import { parseText } from '../rows/messages.js';
import { type FileRecord, parseNumber, wrongType } from '../rows/parse-values.js';
import { type Place, rowError } from '../rows/place.js';
import { instructionOf } from './_pair-shapes.js';
import {
  asNumber,
  asTurn,
  bestAndWorst,
  holds,
  isWords,
  listOf,
  objectOf,
  type RatedAnswer,
  ranking,
  type Shape,
} from './_shape.js';

/** The number under a key, as a number or a text. @throws DpoError `data.wrong-type` */
function numberOf(row: FileRecord, key: string, place: Place, name = key): number {
  const score = parseNumber(asNumber(row[key]), name, place);
  if (score === undefined) throw wrongType(row[key], name, 'a finite number', place);
  return score;
}

/** The pair of two answers: the first is chosen when `sign` is positive, the second when negative; no pair when it is 0. */
function pairBySign(
  prompt: unknown,
  first: unknown,
  second: unknown,
  sign: number,
  place: Place,
): readonly FileRecord[] {
  if (sign === 0) {
    place.notes?.mend('unpaired-rows', place.row);
    return [];
  }
  const [chosen, rejected] = sign > 0 ? [first, second] : [second, first];
  return [{ prompt, chosen, rejected }];
}

/** A shape of answers with scores: its pairs are the best answer with the worst, its rankings have all answers. */
function ratedShape(
  shape: Omit<Shape, 'pairs' | 'rankings'>,
  parse: (row: FileRecord, place: Place) => { readonly prompt: unknown; readonly answers: readonly RatedAnswer[] },
): Shape {
  return {
    ...shape,
    pairs(row, place) {
      const { prompt, answers } = parse(row, place);
      const pairs = bestAndWorst(prompt, answers);
      if (pairs.length === 0) place.notes?.mend('unpaired-rows', place.row);
      return pairs;
    },
    rankings(row, place) {
      const { prompt, answers } = parse(row, place);
      return ranking(prompt, answers);
    },
  };
}

const ULTRAFEEDBACK = ratedShape(
  {
    name: 'ultrafeedback',
    description: 'instruction and completions with scores (UltraFeedback)',
    keys: ['instruction', 'completions'],
    also: ['input'],
  },
  (row, place) => ({
    prompt: instructionOf(row),
    answers: listOf(row.completions, 'completions', place).map((value, i) => {
      const name = `completions[${i}]`;
      const completion = objectOf(value, name, place);
      const key = holds(completion, 'fine-grained_score') ? 'fine-grained_score' : 'overall_score';
      return {
        answer: parseText(completion.response, `${name}.response`, place),
        score: numberOf(completion, key, place, `${name}.${key}`),
      };
    }),
  }),
);

const DISTILABEL = ratedShape(
  {
    name: 'distilabel',
    description: 'instruction, generations, ratings (distilabel)',
    keys: ['instruction', 'generations', 'ratings'],
    also: ['input'],
  },
  (row, place) => {
    const generations = listOf(row.generations, 'generations', place);
    const ratings = listOf(row.ratings, 'ratings', place);
    if (generations.length !== ratings.length) {
      throw rowError(
        'data.broken-row',
        place,
        `there are ${generations.length} "generations" and ${ratings.length} "ratings".`,
        { generations: generations.length, ratings: ratings.length },
      );
    }
    // An answer that could not be generated, or a rating that could not be made, is null.
    const answers = generations.flatMap((answer, i): RatedAnswer[] => {
      const rating = ratings[i] ?? undefined;
      if (rating === undefined || answer === null || answer === undefined) return [];
      return [{ answer, score: numberOf({ rating }, 'rating', place, `ratings[${i}]`) }];
    });
    return { prompt: instructionOf(row), answers };
  },
);

const NECTAR = ratedShape(
  {
    name: 'nectar',
    description: 'prompt and answers of {answer, rank}, 1 the best (Nectar)',
    keys: ['prompt', 'answers'],
  },
  (row, place) => ({
    prompt: row.prompt,
    answers: listOf(row.answers, 'answers', place).map((value, i) => {
      const item = objectOf(value, `answers[${i}]`, place);
      return { answer: item.answer, score: -numberOf(item, 'rank', place, `answers[${i}].rank`) };
    }),
  }),
);

/** Correct answers score 1, incorrect answers 0. */
const REWARD_BENCH_2: Shape = (() => {
  const lists = ratedShape(
    {
      name: 'reward-bench-2',
      description: 'prompt, lists of chosen and rejected answers, num_correct (RewardBench 2)',
      keys: ['prompt', 'chosen', 'rejected', 'num_correct'],
      also: ['subset'],
      matches: ({ chosen, rejected }) => Array.isArray(chosen) && Array.isArray(rejected),
    },
    (row, place) => ({
      prompt: row.prompt,
      answers: (['chosen', 'rejected'] as const).flatMap((key) =>
        listOf(row[key], key, place).map((answer) => ({ answer, score: key === 'chosen' ? 1 : 0 })),
      ),
    }),
  );
  const withSubset = (records: readonly FileRecord[], { subset }: FileRecord) =>
    records.map((record) => ({ ...record, ...(typeof subset === 'string' ? { source: subset } : {}) }));
  return {
    ...lists,
    pairs: (row, place) => withSubset(lists.pairs(row, place), row),
    rankings: (row, place) => withSubset(lists.rankings?.(row, place) ?? [], row),
  };
})();

const HELPSTEER3: Shape = {
  name: 'helpsteer3',
  description: 'context, response1, response2, overall_preference, below 0 when the first is better (HelpSteer3)',
  keys: ['context', 'response1', 'response2', 'overall_preference'],
  pairs(row, place) {
    const sign = -numberOf(row, 'overall_preference', place);
    const { context, response1, response2 } = row;
    if (isWords(context, 'context', place)) return pairBySign(context, response1, response2, sign, place);
    const [first, second] = [asTurn(response1, 'response1', place), asTurn(response2, 'response2', place)];
    return pairBySign(context, first, second, sign, place);
  },
};

const HELPSTEER2: Shape = {
  name: 'helpsteer2-preference',
  description: 'prompt, response_1, response_2, preference_strength, below 0 when the first is better (HelpSteer2)',
  keys: ['prompt', 'response_1', 'response_2', 'preference_strength'],
  pairs: (row, place) =>
    pairBySign(row.prompt, row.response_1, row.response_2, -numberOf(row, 'preference_strength', place), place),
};

const HELPSTEER_SCORES: Shape = {
  name: 'helpsteer2',
  description: 'prompt, response, helpfulness: rows with one prompt, one after another, make pairs (HelpSteer2)',
  keys: ['prompt', 'response', 'helpfulness'],
  pairs: () => [],
  part: (row, place) => ({ prompt: row.prompt, answer: row.response, score: numberOf(row, 'helpfulness', place) }),
};

const ARENA: Shape = {
  name: 'arena',
  description: 'conversation_a, conversation_b, winner: model_a, model_b or a tie (arena)',
  keys: ['conversation_a', 'conversation_b', 'winner'],
  pairs(row, place) {
    const signs: Readonly<Record<string, number>> = { model_a: 1, a: 1, model_b: -1, b: -1 };
    const winner = String(row.winner).toLowerCase();
    const sign = winner.startsWith('tie') || winner === 'both_bad' ? 0 : signs[winner];
    if (sign === undefined) throw wrongType(row.winner, 'winner', 'model_a, model_b or a tie', place);
    return pairBySign(undefined, row.conversation_a, row.conversation_b, sign, place);
  },
};

const SAFE_RLHF: Shape = {
  name: 'safe-rlhf',
  description: 'prompt, response_0, response_1, better_response_id (PKU-SafeRLHF)',
  keys: ['prompt', 'response_0', 'response_1', 'better_response_id'],
  pairs(row, place) {
    const better = numberOf(row, 'better_response_id', place);
    if (better !== 0 && better !== 1) throw wrongType(row.better_response_id, 'better_response_id', '0 or 1', place);
    return pairBySign(row.prompt, row.response_0, row.response_1, better === 0 ? 1 : -1, place);
  },
};

const TWO_OUTPUTS: Shape = {
  name: 'instruction-outputs',
  description: 'instruction, input, output_1, output_2, preference (1 or 2)',
  keys: ['instruction', 'output_1', 'output_2', 'preference'],
  also: ['input'],
  pairs(row, place) {
    const preference = asNumber(row.preference);
    if (preference !== 1 && preference !== 2) throw wrongType(row.preference, 'preference', '1 or 2', place);
    return pairBySign(instructionOf(row), row.output_1, row.output_2, preference === 1 ? 1 : -1, place);
  },
};

const OUTPUT_LIST: Shape = {
  name: 'instruction-output',
  description: 'instruction, input, output as a list of two, the better first',
  keys: ['instruction', 'output'],
  also: ['input'],
  pairs(row, place) {
    const output = listOf(row.output, 'output', place, 'a list of two answers');
    if (output.length !== 2) throw wrongType(output, 'output', 'a list of two answers', place);
    return [{ prompt: instructionOf(row), chosen: output[0], rejected: output[1] }];
  },
};

/** Shapes in which a number, a rank or a name says which answer is better. */
export const scoredShapes: readonly Shape[] = [
  ULTRAFEEDBACK,
  DISTILABEL,
  NECTAR,
  REWARD_BENCH_2,
  HELPSTEER3,
  HELPSTEER2,
  HELPSTEER_SCORES,
  ARENA,
  SAFE_RLHF,
  TWO_OUTPUTS,
  OUTPUT_LIST,
];
