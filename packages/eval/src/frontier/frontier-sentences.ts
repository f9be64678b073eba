import { number, percent, plusMinus } from '../report/format.js';
import type { EqualKl } from './equal-kl.js';
import type { Frontier, FrontierCell } from './frontier.js';

/** The share of draws from which a place on the front counts as sure. */
const SURE_SHARE = 0.95;

/** A cell's name for people: `RLOO-GT, β 0.05, after 30 updates`. */
export function cellName({
  kind,
  method,
  setting,
  step,
}: Pick<FrontierCell, 'kind' | 'method' | 'setting' | 'step'>): string {
  const updates = kind === 'trained' ? `after ${number(step)} ${step === 1 ? 'update' : 'updates'}` : '';
  return [method, setting, updates].filter((part) => part !== '').join(', ');
}

/**
 * The results of a frontier in sentences, all derived from its figures:
 *
 * - which methods are on the Pareto front, and in how many draws
 * - which method has more reward at equal KL
 * - what Best-of-N reaches without training
 * - which runs are over-optimised: the learned reward rises while the true reward falls
 * - what the number of seeds leaves open
 *
 * @returns at least two sentences
 */
export function frontierSentences(frontier: Frontier): string[] {
  return [
    ...frontSentences(frontier),
    ...equalSentences(frontier),
    ...bestOfNSentences(frontier),
    ...learnedSentences(frontier),
    seedSentence(frontier),
  ];
}

function frontSentences({ cells, draws }: Frontier): string[] {
  const trainedCells = cells.filter(({ kind }) => kind === 'trained');
  if (trainedCells.length === 0) return ['Nothing is trained yet.'];
  const sureCells = trainedCells.filter((cell) => cell.undominated >= SURE_SHARE);
  const methods = [...new Set(trainedCells.map(({ method }) => method))];
  const onFront = methods.filter((method) => trainedCells.some((cell) => cell.method === method && cell.onFront));
  const best = trainedCells.reduce((a, b) => (b.reward > a.reward ? b : a));
  return [
    `The highest mean reward, ${withError(best.reward, best.rewardError)}, has ${cellName(best)}, at a KL of ${withError(best.kl, best.klError)} nats.`,
    `On the Pareto front stand points of ${list(onFront)}${onFront.length < methods.length ? `; of ${list(methods.filter((method) => !onFront.includes(method)))} none` : ''}.`,
    sureCells.length === 0
      ? `None of them is undominated in ${percent(SURE_SHARE)} of ${number(draws)} draws: the front is not settled.`
      : `Undominated in at least ${percent(SURE_SHARE)} of ${number(draws)} draws: ${sureCells.map(cellName).join('; ')}.`,
  ];
}

/** The comparisons of the first trained method with each other one, at equal KL. */
function equalSentences({ cells, equalKl }: Frontier): string[] {
  const methods = [...new Set(cells.flatMap(({ kind, method }) => (kind === 'trained' ? [method] : [])))];
  const [first, ...others] = methods;
  const comparisons = others.map((other) =>
    equalKl.filter((each) => [first, other].every((method) => [each.method, each.other].includes(method ?? ''))),
  );
  const othersWith = (condition: (group: readonly EqualKl[]) => boolean) =>
    others.filter((_, i) => condition(comparisons[i] as readonly EqualKl[]));
  const alike = othersWith((group) => group.length > 0 && clearSentence(group).length === 0);
  const incomparable = othersWith((group) => group.length === 0);
  return [
    ...comparisons.flatMap(clearSentence),
    ...(alike.length === 0 ? [] : [`At equal KL the intervals do not tell ${first} and ${list(alike, 'or')} apart.`]),
    ...(incomparable.length === 0
      ? []
      : [
          `No KL lies between points of ${first} and of ${list(incomparable, 'or')}, so that these are not compared at equal KL.`,
        ]),
  ];
}

/** The sentence about two methods when an interval lies on one side of 0; nothing when all intervals hold 0. */
function clearSentence(comparisons: readonly EqualKl[]): string[] {
  const [first] = comparisons;
  if (first === undefined) return [];
  const above = comparisons.filter(({ low }) => low > 0);
  const below = comparisons.filter(({ high }) => high < 0);
  if (above.length > 0 && below.length > 0)
    return [
      `${first.method} and ${first.other} cross: ${first.method} has more reward at ${kls(above)}, ${first.other} at ${kls(below)}.`,
    ];
  const [better, worse, clear, sign] =
    above.length > 0 ? [first.method, first.other, above, 1] : [first.other, first.method, below, -1];
  const [most] = [...clear].sort((a, b) => sign * (b.difference - a.difference));
  if (most === undefined) return [];
  const [low, high] = sign > 0 ? [most.low, most.high] : [-most.high, -most.low];
  return [
    `At a KL of ${number(most.kl)} nats ${better} has ${decimals(sign * most.difference)} more reward than ${worse} (95 % interval ${decimals(low)} to ${decimals(high)})${clear.length > 1 ? `, and more at ${kls(clear.filter((each) => each !== most))} as well` : ''}${clear.length < comparisons.length ? `; not clearly so at ${kls(comparisons.filter((each) => !clear.includes(each)))}` : ''}.`,
  ];
}

function kls(comparisons: readonly EqualKl[]): string {
  return list(comparisons.map(({ kl }) => number(kl)));
}

function bestOfNSentences({ cells }: Frontier): string[] {
  const best = cells.filter(({ kind }) => kind === 'best-of-n');
  const most = best.reduce<FrontierCell | undefined>(
    (a, b) => (a === undefined || b.reward > a.reward ? b : a),
    undefined,
  );
  if (most === undefined) return [];
  const matches = cells.filter(({ kind, reward, kl }) => kind === 'trained' && reward >= most.reward && kl <= most.kl);
  return [
    `Without training, Best-of-N reaches ${withError(most.reward, most.rewardError)} (${most.setting}) at a KL of at most ${number(most.kl)} nats, for as many answers drawn each time; ${matches.length === 0 ? 'no trained policy has as much at as little' : `as much at as little ${matches.length === 1 ? 'has' : 'have'} ${list(matches.map(cellName))}`}.`,
  ];
}

/** Over-optimisation: the learned reward still rises while the true reward falls. */
function learnedSentences({ cells }: Frontier): string[] {
  const keys = [
    ...new Set(
      cells.filter(({ kind }) => kind === 'trained').map(({ method, setting }) => JSON.stringify([method, setting])),
    ),
  ];
  const sentences = keys.flatMap((key) => {
    const checkpoints = cells
      .filter((cell) => JSON.stringify([cell.method, cell.setting]) === key)
      .sort((a, b) => a.step - b.step);
    const [last, peak] = [checkpoints.at(-1), checkpoints.reduce((a, b) => (b.reward > a.reward ? b : a))];
    if (last === undefined || last === peak) return [];
    const [atPeak, atEnd] = [learnedRewardOf(peak), learnedRewardOf(last)];
    const error = Math.hypot(peak.rewardError, last.rewardError);
    if (atPeak === undefined || atEnd === undefined || atEnd <= atPeak || peak.reward - last.reward <= 2 * error)
      return [];
    return [
      `${cellName(last)} is over-optimised: since update ${number(peak.step)} the learned reward rose from ${number(atPeak)} to ${number(atEnd)} while the true one fell from ${number(peak.reward)} to ${number(last.reward)}.`,
    ];
  });
  const hasLearnedRewards = cells.some((cell) => cell.kind === 'trained' && learnedRewardOf(cell) !== undefined);
  if (!hasLearnedRewards || sentences.length > 0) return sentences;
  return ['No run’s true reward fell clearly while the learned one rose.'];
}

/** The mean learned reward over the seeds; undefined when a seed has none. */
function learnedRewardOf({ points }: FrontierCell): number | undefined {
  const values = points.flatMap(({ learnedReward }) => (learnedReward === undefined ? [] : [learnedReward.mean]));
  return values.length === points.length ? values.reduce((sum, value) => sum + value / values.length, 0) : undefined;
}

function seedSentence({ seeds }: Frontier): string {
  return seeds.length === 1
    ? 'All of it is one seed: the intervals say how much other prompts would change, and not how much training anew would.'
    : `The intervals draw prompts and ${number(seeds.length)} seeds anew; so few seeds say little of rare trainings.`;
}

function withError(mean: number, standardError: number): string {
  return plusMinus({ mean, standardError });
}

/** A reward with two decimals: further digits are noise. */
function decimals(value: number): string {
  return value.toFixed(2).replace('-', '−');
}

function list(words: readonly string[], joint = 'and'): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`;
}
