import { DpoError, nearest } from '@dpo/base';
import { cdpoLoss } from './cdpo-loss.js';
import { hingeLoss } from './hinge-loss.js';
import { ipoLoss } from './ipo-loss.js';
import { ipoSumLoss } from './ipo-sum-loss.js';
import { robustLoss } from './robust-loss.js';
import { sigmoidLoss } from './sigmoid-loss.js';
import type { PreferenceLoss } from './types.js';

/** One row of the table of losses. */
export interface LossEntry {
  readonly title: string;
  /** z = s_w − s_l with s = β (log π − log π_ref). */
  readonly formula: string;
  readonly source: string;
  readonly loss: PreferenceLoss;
}

/** The losses by the names that `--method` takes. The table in the package's README says the same. */
export const preferenceLosses = {
  dpo: {
    title: 'DPO',
    formula: '−log σ(z)',
    source: 'arXiv 2305.18290, Eq. 7',
    loss: sigmoidLoss,
  },
  cdpo: {
    title: 'Conservative DPO',
    formula: '−(1−ε) log σ(z) − ε log σ(−z)',
    source: 'Mitchell 2023, "A note on DPO with noisy preferences"',
    loss: cdpoLoss,
  },
  robust: {
    title: 'Robust DPO',
    formula: '(−(1−ε) log σ(z) + ε log σ(−z)) / (1 − 2ε)',
    source: 'arXiv 2403.00409',
    loss: robustLoss,
  },
  ipo: {
    title: 'IPO, log-ratios per token (as TRL)',
    formula: '(r_w/|y_w| − r_l/|y_l| − 1/(2β))², r = log π − log π_ref',
    source: 'arXiv 2310.12036, Eq. 17',
    loss: ipoLoss,
  },
  'ipo-sum': {
    title: 'IPO, summed log-ratios',
    formula: '(r_w − r_l − 1/(2β))², r = log π − log π_ref',
    source: 'arXiv 2310.12036, Eq. 17',
    loss: ipoSumLoss,
  },
  hinge: {
    title: 'Hinge (SLiC, RSO)',
    formula: 'max(0, 1 − z)',
    source: 'arXiv 2305.10425; arXiv 2309.06657',
    loss: hingeLoss,
  },
} as const satisfies Readonly<Record<string, LossEntry>>;

/** A name in {@link preferenceLosses}. */
export type PreferenceLossName = keyof typeof preferenceLosses;

/**
 * The row of a loss by name.
 *
 * @throws DpoError `loss.unknown`, naming the nearest known loss.
 */
export function preferenceLoss(name: string): LossEntry {
  if (Object.hasOwn(preferenceLosses, name)) return preferenceLosses[name as PreferenceLossName];
  const known = Object.keys(preferenceLosses);
  const near = nearest(name, known);
  throw new DpoError('loss.unknown', `There is no loss named ${JSON.stringify(name)}.`, {
    values: { name, known },
    hint: near === undefined ? `Known: ${known.join(', ')}.` : `Did you mean ${near}?`,
  });
}
