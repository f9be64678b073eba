import { number, percent, plusMinus } from '../report/format.js';
import type { EqualKl } from './equal-kl.js';
import type { Frontier, FrontierCell } from './frontier.js';

/** A share of draws from which a place on the front counts as sure. */
const SURE = 0.95;

/** What a cell is called: `RLOO-GT, β 0.05, after 30 updates`. */
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
 * What the figures say, sentence by sentence: who is on the Pareto front and how surely, who has more reward at equal KL, where the
 * learned reward leads away from the true one, and what one seed or few leave open. Nothing is said that the figures do not.
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
  const trained = cells.filter(({ kind }) => kind === 'trained');
  if (trained.length === 0) return ['Nothing is trained yet.'];
  const sure = trained.filter((cell) => cell.undominated >= SURE);
  const methods = [...new Set(trained.map(({ method }) => method))];
  const on = methods.filter((method) => trained.some((cell) => cell.method === method && cell.onFront));
  const best = trained.reduce((a, b) => (b.reward > a.reward ? b : a));
  return [
    `The highest mean reward, ${told(best.reward, best.rewardError)}, has ${cellName(best)}, at a KL of ${told(best.kl, best.klError)} nats.`,
    `On the Pareto front stand points of ${list(on)}${on.length < methods.length ? `; of ${list(methods.filter((method) => !on.includes(method)))} none` : ''}.`,
    sure.length === 0
      ? `None of them is undominated in ${percent(SURE)} of ${number(draws)} draws: the front is not settled.`
      : `Undominated in at least ${percent(SURE)} of ${number(draws)} draws: ${sure.map(cellName).join('; ')}.`,
  ];
}

/** Of the method that comes first, beside each other trained one: what holds at the KLs where they were compared. */
function equalSentences({ cells, equalKl }: Frontier): string[] {
  const methods = [...new Set(cells.flatMap(({ kind, method }) => (kind === 'trained' ? [method] : [])))];
  const [first, ...others] = methods;
  const pairs = others.map((other) =>
    equalKl.filter((each) => [first, other].every((method) => [each.method, each.other].includes(method ?? ''))),
  );
  const named = (having: (own: readonly EqualKl[]) => boolean) =>
    others.filter((_, i) => having(pairs[i] as readonly EqualKl[]));
  const open = named((own) => own.length > 0 && clearSentence(own).length === 0);
  const apart = named((own) => own.length === 0);
  return [
    ...pairs.flatMap(clearSentence),
    ...(open.length === 0 ? [] : [`At equal KL the intervals do not tell ${first} and ${list(open, 'or')} apart.`]),
    ...(apart.length === 0
      ? []
      : [
          `No KL lies between points of ${first} and of ${list(apart, 'or')}, so that these are not compared at equal KL.`,
        ]),
  ];
}

function clearSentence(own: readonly EqualKl[]): string[] {
  const [first] = own;
  if (first === undefined) return [];
  const above = own.filter(({ low }) => low > 0);
  const below = own.filter(({ high }) => high < 0);
  if (above.length > 0 && below.length > 0)
    return [
      `${first.method} and ${first.other} cross: ${first.method} has more reward at ${kls(above)}, ${first.other} at ${kls(below)}.`,
    ];
  const [better, worse, where, sign] =
    above.length > 0 ? [first.method, first.other, above, 1] : [first.other, first.method, below, -1];
  const [most] = [...where].sort((a, b) => sign * (b.difference - a.difference));
  if (most === undefined) return [];
  const [low, high] = sign > 0 ? [most.low, most.high] : [-most.high, -most.low];
  return [
    `At a KL of ${number(most.kl)} nats ${better} has ${decimals(sign * most.difference)} more reward than ${worse} (95 % interval ${decimals(low)} to ${decimals(high)})${where.length > 1 ? `, and more at ${kls(where.filter((each) => each !== most))} as well` : ''}${where.length < own.length ? `; not clearly so at ${kls(own.filter((each) => !where.includes(each)))}` : ''}.`,
  ];
}

function kls(own: readonly EqualKl[]): string {
  return list(own.map(({ kl }) => number(kl)));
}

function bestOfNSentences({ cells }: Frontier): string[] {
  const best = cells.filter(({ kind }) => kind === 'best-of-n');
  const most = best.reduce<FrontierCell | undefined>(
    (a, b) => (a === undefined || b.reward > a.reward ? b : a),
    undefined,
  );
  if (most === undefined) return [];
  const beaten = cells.filter(({ kind, reward, kl }) => kind === 'trained' && reward >= most.reward && kl <= most.kl);
  return [
    `Without training, Best-of-N reaches ${told(most.reward, most.rewardError)} (${most.setting}) at a KL of at most ${number(most.kl)} nats, for as many answers drawn each time; ${beaten.length === 0 ? 'no trained policy has as much at as little' : `as much at as little ${beaten.length === 1 ? 'has' : 'have'} ${list(beaten.map(cellName))}`}.`,
  ];
}

/** Over-optimisation: the learned reward still rises where the true one falls. */
function learnedSentences({ cells }: Frontier): string[] {
  const methods = [
    ...new Set(
      cells.filter(({ kind }) => kind === 'trained').map(({ method, setting }) => JSON.stringify([method, setting])),
    ),
  ];
  const led = methods.flatMap((key) => {
    const own = cells
      .filter((cell) => JSON.stringify([cell.method, cell.setting]) === key)
      .sort((a, b) => a.step - b.step);
    const [last, peak] = [own.at(-1), own.reduce((a, b) => (b.reward > a.reward ? b : a))];
    if (last === undefined || last === peak) return [];
    const [then, now] = [learnedOf(peak), learnedOf(last)];
    const error = Math.hypot(peak.rewardError, last.rewardError);
    if (then === undefined || now === undefined || now <= then || peak.reward - last.reward <= 2 * error) return [];
    return [
      `${cellName(last)} is over-optimised: since update ${number(peak.step)} the learned reward rose from ${number(then)} to ${number(now)} while the true one fell from ${number(peak.reward)} to ${number(last.reward)}.`,
    ];
  });
  const measured = cells.some((cell) => cell.kind === 'trained' && learnedOf(cell) !== undefined);
  if (!measured || led.length > 0) return led;
  return ['No run’s true reward fell clearly while the learned one rose.'];
}

function learnedOf({ points }: FrontierCell): number | undefined {
  const values = points.flatMap(({ learned }) => (learned === undefined ? [] : [learned.mean]));
  return values.length === points.length ? values.reduce((sum, value) => sum + value / values.length, 0) : undefined;
}

function seedSentence({ seeds }: Frontier): string {
  return seeds.length === 1
    ? 'All of it is one seed: the intervals say how much other prompts would change, and not how much training anew would.'
    : `The intervals draw prompts and ${number(seeds.length)} seeds anew; so few seeds say little of rare trainings.`;
}

function told(mean: number, standardError: number): string {
  return plusMinus({ mean, standardError });
}

/** Rewards as they are told: more digits than two decimals would say nothing. */
function decimals(value: number): string {
  return value.toFixed(2).replace('-', '−');
}

function list(words: readonly string[], joint = 'and'): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`;
}
