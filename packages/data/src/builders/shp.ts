import { DpoError } from '@dpo/base';
import { parseAnswer } from '../rows/messages.js';
import { parseNumber, required } from '../rows/parse-values.js';
import { rowError } from '../rows/place.js';
import type { PreferencePair } from '../rows/types.js';
import { seededUnit } from '../select/seeded.js';
import {
  type BuildOptions,
  choiceOf,
  type PublishedFiles,
  type PublishedRow,
  publishedPairs,
  textOf,
} from './published.js';

/** Selects comparisons of SHP. */
export interface ShpOptions extends BuildOptions {
  /** The least ratio of the more upvoted answer's score to the other's. Default 2. */
  readonly minScoreRatio?: number | undefined;
  /** The largest number of pairs of one post, drawn by `seed`. Default all. */
  readonly pairsPerPost?: number | undefined;
  /** Draws the pairs of a post. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * Pairs from the Stanford Human Preferences files as published (`history`, `human_ref_A`, `human_ref_B`, `labels` = 1 when A
 * has more upvotes, `score_A`, `score_B`, `score_ratio`). The prompt is `\n\nHuman: POST\n\nAssistant:`, as in the DPO paper;
 * answers begin with a space. The draw of a post's pairs depends on their texts and the seed, not on the order of the rows.
 * The source is the row's `domain`, the id its `post_id`. (Ethayarajh et al. 2022.)
 *
 * @throws DpoError `options.invalid`. The iteration throws, with file and line, `data.missing-column`, `data.wrong-type`,
 * `data.broken-row`, `data.empty-answer`, and the errors of reading JSONL
 */
export function buildShp(files: PublishedFiles, options: ShpOptions = {}): AsyncIterable<PreferencePair> {
  const { minScoreRatio = 2, pairsPerPost, seed = 0 } = options;
  if (!(minScoreRatio >= 1)) throw invalid('minScoreRatio', minScoreRatio, 'a number of 1 or more');
  if (pairsPerPost !== undefined && !(Number.isInteger(pairsPerPost) && pairsPerPost > 0)) {
    throw invalid('pairsPerPost', pairsPerPost, 'a positive integer');
  }
  const pairs = (onError: BuildOptions['onError']) =>
    publishedPairs(files, { onError }, (row) => shpPair(row, minScoreRatio));
  if (pairsPerPost === undefined) return pairs(options.onError);
  return {
    async *[Symbol.asyncIterator]() {
      // Two passes: the first keeps numbers alone, so that no text waits in memory for the post's other rows.
      const lowestDraws = new Map<string, number[]>();
      for await (const pair of pairs(options.onError)) {
        const post = postOf(pair);
        const draws = [...(lowestDraws.get(post) ?? []), drawOf(pair, seed)].sort((a, b) => a - b);
        lowestDraws.set(post, draws.slice(0, pairsPerPost));
      }
      for await (const pair of pairs(options.onError === undefined ? undefined : () => {})) {
        if (lowestDraws.get(postOf(pair))?.includes(drawOf(pair, seed))) yield pair;
      }
    },
  };
}

function shpPair({ record, place }: PublishedRow, minScoreRatio: number): PreferencePair | undefined {
  const history = textOf(record, 'history', place);
  const [a, b] = [textOf(record, 'human_ref_A', place), textOf(record, 'human_ref_B', place)];
  const isFirstChosen = choiceOf(record, 'labels', [0, 1], place) === 1;
  const score = (key: string) => parseNumber(record[key], key, place);
  const [scoreA, scoreB] = [score('score_A'), score('score_B')];
  const ratio = parseNumber(required(record, 'score_ratio', [], place), 'score_ratio', place) as number;
  if (ratio < minScoreRatio) return undefined;
  if (scoreA !== undefined && scoreB !== undefined && (isFirstChosen ? scoreA < scoreB : scoreB < scoreA)) {
    throw rowError(
      'data.broken-row',
      place,
      `"labels" prefers the answer with the lower score (${scoreA} and ${scoreB}).`,
      { scoreA, scoreB },
    );
  }
  parseAnswer(a.trim(), 'human_ref_A', place);
  parseAnswer(b.trim(), 'human_ref_B', place);
  const [chosen, rejected] = isFirstChosen ? [a, b] : [b, a];
  const [chosenScore, rejectedScore] = isFirstChosen ? [scoreA, scoreB] : [scoreB, scoreA];
  return {
    prompt: `\n\nHuman: ${history}\n\nAssistant:`,
    chosen: ` ${chosen}`,
    rejected: ` ${rejected}`,
    ...(typeof record.post_id === 'string' ? { id: record.post_id } : {}),
    source: typeof record.domain === 'string' ? record.domain : 'shp',
    ...(chosenScore === undefined ? {} : { chosenScore }),
    ...(rejectedScore === undefined ? {} : { rejectedScore }),
  };
}

function postOf(pair: PreferencePair): string {
  return pair.id ?? String(pair.prompt);
}

function drawOf(pair: PreferencePair, seed: number): number {
  return seededUnit(seed, String(pair.prompt), String(pair.chosen), String(pair.rejected));
}

function invalid(name: string, value: number, expected: string): DpoError {
  return new DpoError('options.invalid', `${name} must be ${expected}, not ${value}.`, { values: { [name]: value } });
}
