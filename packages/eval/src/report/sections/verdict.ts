import { quotedKl } from '../../evaluation.js';
import type { Evaluation } from '../../evaluation-file.js';
import type { MetricsRecord, ReportData } from '../data.js';
import { meanOnly, number, percent, plusMinus } from '../format.js';
import { type Html, html } from '../html.js';
import { isOnPolicy } from '../on-policy.js';

/** The outcome of the run in plain words; undefined without an evaluation and a step. */
export function verdict({ evaluation, records }: ReportData): Html | undefined {
  if (evaluation !== undefined) return evaluated(evaluation);
  const losses = records.filter(({ loss }) => loss !== undefined);
  const [first, last] = [losses[0], losses.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const broken = losses.find(({ loss }) => typeof loss !== 'number' || !Number.isFinite(loss));
  if (broken !== undefined)
    return panel('bad', `The run broke: from step ${number(broken.step)} on the loss is not a number.`, [
      'A lower learning rate or tighter gradient clipping usually mends this.',
    ]);
  const headline = `Trained ${number(last.step)} ${last.step === 1 ? 'step' : 'steps'}.`;
  if (isOnPolicy(records)) return panel('plain', headline, ofOwnAnswers(records));
  const heldOut = records.findLast((record) => typeof record['eval_rewards/accuracies'] === 'number');
  const recent = losses.slice(-Math.ceil(losses.length / 4)).map((record) => value(record, 'loss'));
  const loss = recent.reduce((sum, each) => sum + each / recent.length, 0);
  return panel('plain', headline, [
    losses.length > 1
      ? `The loss went from ${number(value(first, 'loss'))} to ${number(loss)}${recent.length > 1 ? ` (mean of the last ${number(recent.length)} steps)` : ''}.`
      : `The loss is ${number(value(last, 'loss'))}.`,
    heldOut
      ? `On held-out pairs the trained model prefers the chosen answer in ${percent(value(heldOut, 'eval_rewards/accuracies'))} of cases.`
      : 'Nothing was measured on held-out data, so this says how the training went, not whether the model got better.',
  ]);
}

/** What the answers of a run on its own answers were worth, and how far from the reference they are. */
function ofOwnAnswers(records: readonly MetricsRecord[]): string[] {
  const [first, last] = [records[0] as MetricsRecord, records.at(-1) as MetricsRecord];
  const heldOut = records.findLast((record) => typeof record.eval_reward === 'number');
  const kl = `at a KL of ${number(value(last, 'objective/kl'))} nats an answer from the reference`;
  return [
    `The mean reward of the answers went from ${number(value(first, 'reward'))} to ${number(value(last, 'reward'))}, ${kl}.`,
    heldOut === undefined
      ? 'Nothing was measured on held-out prompts.'
      : `On held-out prompts the mean reward was ${number(value(heldOut, 'eval_reward'))} after step ${number(heldOut.step)}.`,
  ];
}

function evaluated(evaluation: Evaluation): Html {
  const { before, after, gain, accuracy, prompts } = evaluation;
  const errors = gain.mean / gain.standardError;
  const sure = Number.isFinite(errors) && Math.abs(errors) >= 3;
  const [from, to] = [meanOnly(before.reward), meanOnly(after.reward)];
  const scope = `on ${number(prompts)} held-out prompts`;
  const headline = !sure
    ? `No clear change: the mean reward ${scope} went from ${from} to ${to}.`
    : gain.mean > 0
      ? `It worked: the mean reward ${scope} rose from ${from} to ${to}.`
      : `It got worse: the mean reward ${scope} fell from ${from} to ${to}.`;
  const size = Number.isFinite(errors)
    ? `, ${number(Math.round(Math.abs(errors) * 10) / 10)} standard errors${sure ? '' : ' (below three, it may be chance)'}`
    : '';
  return panel(!sure ? 'plain' : gain.mean > 0 ? 'good' : 'bad', headline, [
    `That is ${gain.mean < 0 ? '' : '+'}${plusMinus(gain)}${size}, at a KL of ${plusMinus(quotedKl(after))} nats from the reference.`,
    accuracy && `Of ${number(accuracy.count)} held-out pairs it orders ${percent(accuracy.share)} as the reward does.`,
    hackWarning(evaluation),
  ]);
}

/** Names the word that grew most, when its growth could explain a good part of the gain. */
function hackWarning({ words: { texts, counts } }: Evaluation): string | undefined {
  const word = counts
    .map((each) => ({ ...each, from: each.before / texts.before, to: each.after / texts.after }))
    .filter(({ from, to }) => to - from >= 0.1 && to >= 2 * from)
    .sort((a, b) => b.to - b.from - (a.to - a.from))[0];
  if (word === undefined) return undefined;
  return `Mind the words below: “${word.word}” is now in ${percent(word.to)} of the texts, up from ${percent(word.from)}, so part of the gain may be that word.`;
}

function panel(kind: 'good' | 'bad' | 'plain', headline: string, more: readonly (string | undefined)[]): Html {
  return html`<div class="verdict ${kind}"><p class="headline">${headline}</p><p>${more.filter((line) => line !== undefined).join(' ')}</p></div>`;
}

function value(record: MetricsRecord, key: string): number {
  return Number(record[key]);
}
