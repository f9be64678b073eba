import { DpoError } from '@dpo/base';
import { type Agreement, agreementOf } from '../inference/agreement.js';
import { type PoweredEstimate, predictionPowered } from '../inference/prediction-powered.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import { judgePanel } from '../winrate/judge-panel.js';
import { pairKey, type ScoredPair, scoredPairs, verdictsByPair, verdictsByRater } from '../winrate/pair-scores.js';
import { promptMeans } from '../winrate/prompt-means.js';
import { type Conclusion, conclude, type Rate, type RateOptions, rateInterval } from '../winrate/rate-interval.js';
import { alphaBetweenRaters, labelOf, type PairLabel } from './between-raters.js';

/** People's votes beside the verdicts of a judge on the same pairs. */
export interface BesideJudge {
  readonly raters: readonly string[];
  /** Pairs with a verdict of the judge and of at least one person. */
  readonly pairs: number;
  /**
   * Each rater's judgement of a pair beside the judge's: `model`, `baseline` or `tie`, over both orders. A pair that three raters
   * judged counts three times.
   */
  readonly agreement: Agreement;
  /** Each label's share among the judge's judgements of these pairs, and among people's. */
  readonly prevalence: { readonly judge: Labels; readonly people: Labels };
  /** Krippendorff's α over raters; undefined when no pair has two, NaN when all judgements are the same. */
  readonly alpha: number | undefined;
  /** Of the pairs that a rater saw twice with sides swapped: the share on which the rater said the same. */
  readonly ownConsistency: number | undefined;
  /** The model's win rate by people, over the pairs of `pairs`. */
  readonly people: Rate;
  /** The judge's rate on the same pairs. */
  readonly judge: Rate;
  /** The judge's rate over all prompts, corrected by people; undefined with fewer than two prompts on either side. */
  readonly corrected: PoweredEstimate | undefined;
  /** What the corrected rate says, or people's rate when `corrected` is undefined. */
  readonly conclusion: Conclusion;
}

type Labels = Readonly<Record<PairLabel, number>>;

/**
 * How far a judge agrees with people, and the judge's win rate corrected by them. Pairs are matched by prompt, temperature and
 * sample. Scores of a prompt's pairs are put together, since a correction needs scores of different prompts:
 *
 *     corrected = λ · mean(judge, prompts without a vote) + mean(people − λ · judge, prompts with a vote)
 *
 * The interval holds the rate that people would give over all prompts, if the prompts with votes were drawn at random.
 *
 * @throws DpoError `human.no-common-pair` when no pair was judged by both; `human.other-answers` when the digests of prompt and
 *   answers, or the answers' lengths, say that the two judged different texts
 */
export function besideJudge(
  verdicts: readonly StoredVerdict[],
  votes: readonly StoredVerdict[],
  options: RateOptions = {},
): BesideJudge {
  const ofJudge = new Map(scoredPairs(verdictsByPair(verdicts)).map((pair) => [keyOf(pair), pair]));
  const both = scoredPairs(verdictsByPair(votes)).flatMap((people): Both[] => {
    const judge = ofJudge.get(keyOf(people));
    return judge === undefined ? [] : [{ people, judge }];
  });
  if (both.length === 0)
    throw new DpoError('human.no-common-pair', 'No pair was judged by both the judge and a person.', {
      values: { judged: ofJudge.size, votes: votes.length },
      hint: 'Votes and verdicts belong together by prompt_id, temperature and sample.',
    });
  for (const each of both) checkSameAnswers(each);
  const labels = both.flatMap(({ people, judge }) =>
    verdictsByRater(people.verdicts).map((own) => ({ person: labelOf(own), judge: labelOf(judge.verdicts) })),
  );
  const corrected = correct([...ofJudge.values()], both);
  const people = rateOf(
    both.map((each) => each.people),
    options,
  );
  return {
    raters: ratersOf(both),
    pairs: both.length,
    agreement: agreementOf(
      labels.map(({ person }) => person),
      labels.map(({ judge }) => judge),
    ),
    prevalence: { judge: shares(labels.map(({ judge }) => judge)), people: shares(labels.map(({ person }) => person)) },
    alpha: alphaBetweenRaters(both.map((each) => each.people)),
    ownConsistency: judgePanel(both.map((each) => each.people)).consistency,
    people,
    judge: rateOf(
      both.map((each) => each.judge),
      options,
    ),
    corrected,
    conclusion: conclude(corrected ?? people),
  };
}

interface Both {
  readonly people: ScoredPair;
  readonly judge: ScoredPair;
}

function keyOf({ verdicts }: ScoredPair): string {
  return pairKey(verdicts[0] as StoredVerdict);
}

/** Compares the digests of prompt and answers, and the lengths, which speak for verdicts without a digest. */
function checkSameAnswers({ people, judge }: Both): void {
  const differ = (key: 'prompt_digest' | 'model_length' | 'baseline_length') => {
    const values = [...people.verdicts, ...judge.verdicts].flatMap((verdict) => verdict[key] ?? []);
    return new Set(values).size > 1;
  };
  if (!differ('prompt_digest') && !differ('model_length') && !differ('baseline_length')) return;
  throw new DpoError('human.other-answers', `Votes and verdicts on prompt ${people.prompt} are on different texts.`, {
    values: { prompt: people.prompt, people: textsOf(people), judge: textsOf(judge) },
    hint: 'Give the votes and the verdicts on the same prompt and answers.',
  });
}

/** What verdicts say of the texts that they are on. */
function textsOf({ verdicts, modelLength, baselineLength }: ScoredPair) {
  const digests = [...new Set(verdicts.flatMap(({ prompt_digest }) => prompt_digest ?? []))];
  return { digests, modelLength, baselineLength };
}

function shares(labels: readonly (PairLabel | undefined)[]): Labels {
  const share = (label: PairLabel) => labels.filter((each) => each === label).length / labels.length;
  return { model: share('model'), baseline: share('baseline'), tie: share('tie') };
}

function ratersOf(both: readonly Both[]): string[] {
  return [...new Set(both.flatMap(({ people }) => people.verdicts.map(({ rater }) => rater ?? '')))];
}

function rateOf(pairs: readonly ScoredPair[], options: RateOptions): Rate {
  return rateInterval(
    pairs.map(({ score }) => score),
    pairs.map(({ prompt }) => prompt),
    options,
  );
}

function correct(all: readonly ScoredPair[], both: readonly Both[]): PoweredEstimate | undefined {
  const people = promptMeans(both.map((each) => each.people));
  const judge = promptMeans(both.map((each) => each.judge));
  const alone = [...promptMeans(all.filter(({ prompt }) => !people.has(prompt))).values()];
  if (Math.min(people.size, alone.length) < 2) return undefined;
  return predictionPowered([...people.values()], [...judge.values()], alone);
}
