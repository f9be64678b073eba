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
  /** Each label's share among the judge's judgements of these, and among the people's. */
  readonly prevalence: { readonly judge: Labels; readonly people: Labels };
  /** Krippendorff's α over raters; undefined where no pair has two, NaN where all said the same throughout. */
  readonly alpha: number | undefined;
  /** Of the pairs that a rater saw twice with sides swapped: the share on which the rater said the same. */
  readonly ownConsistency: number | undefined;
  /** People's own win rate of the model, over the pairs of `pairs`, and what follows from it. */
  readonly people: Rate;
  /** The judge's rate on the same pairs. */
  readonly judge: Rate;
  /** The judge's rate over all prompts, corrected by people; undefined with fewer than two prompts on either side. */
  readonly corrected: PoweredEstimate | undefined;
  /** What the corrected rate says, or people's where there is none. */
  readonly conclusion: Conclusion;
}

type Labels = Readonly<Record<PairLabel, number>>;

/**
 * How far a judge agrees with people, and the judge's win rate corrected by them. Pairs are matched by prompt, temperature and
 * sample. Scores of a prompt's pairs are put together, since a correction needs scores of different prompts:
 *
 *     corrected = λ · mean(judge, prompts without a vote) + mean(people − λ · judge, prompts with one)
 *
 * The interval holds the rate that people would give over all prompts, if those with votes were drawn at random.
 *
 * @throws DpoError `human.no-common-pair` where no pair was judged by both; `human.other-answers` where lengths say that the two
 *   judged different answers
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

function checkSameAnswers({ people, judge }: Both): void {
  const differ = (a: number | undefined, b: number | undefined) => a !== undefined && b !== undefined && a !== b;
  if (!differ(people.modelLength, judge.modelLength) && !differ(people.baselineLength, judge.baselineLength)) return;
  throw new DpoError('human.other-answers', `Votes and verdicts on prompt ${people.prompt} are on different answers.`, {
    values: {
      prompt: people.prompt,
      people: [people.modelLength, people.baselineLength],
      judge: [judge.modelLength, judge.baselineLength],
    },
    hint: 'Give the votes and the verdicts on the same answers.',
  });
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
