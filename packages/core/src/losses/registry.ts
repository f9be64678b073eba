import { DpoError, nearest } from '@dpo/base';
import { apoDownLoss } from './apo-down-loss.js';
import { apoZeroLoss } from './apo-zero-loss.js';
import { bcoLoss } from './bco-loss.js';
import { cdpoLoss } from './cdpo-loss.js';
import { cpoLoss } from './cpo-loss.js';
import { discopopLoss } from './discopop-loss.js';
import { dpoNormLoss } from './dpo-norm-loss.js';
import { dpopLoss } from './dpop-loss.js';
import { exoLoss } from './exo-loss.js';
import { alphaDivergenceLoss, forwardKlLoss, jensenShannonLoss } from './f-divergence.js';
import { hingeLoss } from './hinge-loss.js';
import { ipoLoss } from './ipo-loss.js';
import { ipoSumLoss } from './ipo-sum-loss.js';
import { ncaLoss } from './nca-loss.js';
import { orpoLoss } from './orpo-loss.js';
import { robustLoss } from './robust-loss.js';
import { rpoLoss } from './rpo-loss.js';
import { sigmoidLoss } from './sigmoid-loss.js';
import { simpoLoss } from './simpo-loss.js';
import { sppoLoss } from './sppo-loss.js';
import type { PreferenceLoss } from './types.js';
import { unlikelihoodLoss } from './unlikelihood-loss.js';

/** One entry of the table of losses. */
export interface LossEntry {
  readonly title: string;
  /** The formula, with r = log π − log π_ref, s = β r and z = s_w − s_l. */
  readonly formula: string;
  /** The paper and the equation. */
  readonly source: string;
  /** Whether the loss reads log π_ref. When it does not, a run needs no reference model. */
  readonly needsReference: boolean;
  /** Whether the loss subtracts a margin m of each pair from z. Default false. */
  readonly takesMargin?: boolean;
  readonly loss: PreferenceLoss;
}

/** The losses by the names that `--method` takes. The table in the package's README says the same. */
export const preferenceLosses = {
  dpo: {
    title: 'DPO',
    formula: '−log σ(z)',
    source: 'arXiv 2305.18290, Eq. 7',
    needsReference: true,
    takesMargin: true,
    loss: sigmoidLoss,
  },
  cdpo: {
    title: 'Conservative DPO',
    formula: '−(1−ε) log σ(z) − ε log σ(−z)',
    source: 'Mitchell 2023, "A note on DPO with noisy preferences"',
    needsReference: true,
    loss: cdpoLoss,
  },
  robust: {
    title: 'Robust DPO',
    formula: '(−(1−ε) log σ(z) + ε log σ(−z)) / (1 − 2ε)',
    source: 'arXiv 2403.00409',
    needsReference: true,
    loss: robustLoss,
  },
  ipo: {
    title: 'IPO, log-ratios per token (as TRL)',
    formula: '(r_w/|y_w| − r_l/|y_l| − 1/(2β))²',
    source: 'arXiv 2310.12036, Eq. 17',
    needsReference: true,
    loss: ipoLoss,
  },
  'ipo-sum': {
    title: 'IPO, summed log-ratios',
    formula: '(r_w − r_l − 1/(2β))²',
    source: 'arXiv 2310.12036, Eq. 17',
    needsReference: true,
    loss: ipoSumLoss,
  },
  hinge: {
    title: 'Hinge (SLiC, RSO)',
    formula: 'max(0, 1 − z)',
    source: 'arXiv 2305.10425; arXiv 2309.06657',
    needsReference: true,
    takesMargin: true,
    loss: hingeLoss,
  },
  'dpo-norm': {
    title: 'DPO, log-ratios per token',
    formula: '−log σ(β (r_w/|y_w| − r_l/|y_l|))',
    source: 'arXiv 2411.15124',
    needsReference: true,
    loss: dpoNormLoss,
  },
  exo: {
    title: 'EXO',
    formula: 'σ(z) log(σ(z)/(1−ε)) + σ(−z) log(σ(−z)/ε)',
    source: 'arXiv 2402.00856, Eq. 16',
    needsReference: true,
    loss: exoLoss,
  },
  nca: {
    title: 'NCA',
    formula: '−log σ(s_w) − ½ log σ(−s_w) − ½ log σ(−s_l)',
    source: 'arXiv 2402.05369',
    needsReference: true,
    loss: ncaLoss,
  },
  bco: {
    title: 'BCO (without shift)',
    formula: '−log σ(s_w) − log σ(−s_l)',
    source: 'arXiv 2404.04656',
    needsReference: true,
    loss: bcoLoss,
  },
  sppo: {
    title: 'SPPO, hard labels',
    formula: '(r_w − 1/(2β))² + (r_l + 1/(2β))²',
    source: 'arXiv 2405.00675, Eq. 4.7',
    needsReference: true,
    loss: sppoLoss,
  },
  'apo-zero': {
    title: 'APO-zero',
    formula: '1 − σ(s_w) + σ(s_l)',
    source: 'arXiv 2408.06266, Eq. 7',
    needsReference: true,
    loss: apoZeroLoss,
  },
  'apo-down': {
    title: 'APO-down',
    formula: 'σ(s_w) + 1 − σ(z)',
    source: 'arXiv 2408.06266, Eq. 8',
    needsReference: true,
    loss: apoDownLoss,
  },
  discopop: {
    title: 'DiscoPOP',
    formula: '(1 − σ(z/τ)) · (−log σ(z)) + σ(z/τ) · e^(−z)',
    source: 'arXiv 2406.08414, Eq. 5',
    needsReference: true,
    loss: discopopLoss,
  },
  dpop: {
    title: 'DPO-Positive',
    formula: '−log σ(z − βλ max(0, −r_w))',
    source: 'arXiv 2402.13228',
    needsReference: true,
    loss: dpopLoss,
  },
  rpo: {
    title: 'DPO and NLL',
    formula: '−log σ(z) − α log π(y_w)/|y_w|',
    source: 'arXiv 2404.19733',
    needsReference: true,
    loss: rpoLoss,
  },
  simpo: {
    title: 'SimPO',
    formula: '−log σ(β p_w − β p_l − γ), p = log π/|y|',
    source: 'arXiv 2405.14734, Eq. 6',
    needsReference: false,
    loss: simpoLoss,
  },
  cpo: {
    title: 'CPO',
    formula: '−log σ(β (log π(y_w) − log π(y_l))) − α log π(y_w)/|y_w|',
    source: 'arXiv 2401.08417',
    needsReference: false,
    loss: cpoLoss,
  },
  'dpo-forward-kl': {
    title: 'f-DPO, forward KL',
    formula: '−log σ(β (e^{−r_l} − e^{−r_w}))',
    source: 'arXiv 2309.16240, table 1',
    needsReference: true,
    loss: forwardKlLoss,
  },
  'dpo-js': {
    title: 'f-DPO, Jensen–Shannon',
    formula: '−log σ(β (log σ(r_w) − log σ(r_l)))',
    source: 'arXiv 2309.16240, table 1',
    needsReference: true,
    loss: jensenShannonLoss,
  },
  'dpo-alpha': {
    title: 'f-DPO, α-divergence',
    formula: '−log σ(β (e^{(α−1) r_w} − e^{(α−1) r_l}) / (α−1))',
    source: 'arXiv 2309.16240, table 1',
    needsReference: true,
    loss: alphaDivergenceLoss,
  },
  unlikelihood: {
    title: 'Unlikelihood',
    formula: '−log π(y_w) + α log π(y_l)',
    source: 'arXiv 2305.18290, section 6',
    needsReference: false,
    loss: unlikelihoodLoss,
  },
  orpo: {
    title: 'ORPO',
    formula: '−p_w − λ log σ(log odds_w − log odds_l), p = log π/|y|',
    source: 'arXiv 2403.07691',
    needsReference: false,
    loss: orpoLoss,
  },
} as const satisfies Readonly<Record<string, LossEntry>>;

/** The losses of rows other than pairs, which have methods of their own: `ktoMethod`, `plackettLuceMethod`. */
export const rowLosses = {
  kto: {
    title: 'KTO, of single answers that were judged',
    formula: '1 − σ(s − βz₀) if desirable, else 1 − σ(βz₀ − s); z₀ = KL(π ‖ π_ref)',
    source: 'arXiv 2402.01306, Eq. 8',
    needsReference: true,
  },
  'plackett-luce': {
    title: 'DPO on rankings of K answers',
    formula: '−Σ_k (s_k − log Σ_{j≥k} e^{s_j})',
    source: 'arXiv 2305.18290, Eq. 20',
    needsReference: true,
  },
} as const satisfies Readonly<Record<string, Omit<LossEntry, 'loss'>>>;

/** The losses that compare the pairs of a step with each other. `methodNamed` takes their names too. */
export const stepLosses = {
  aot: {
    title: 'AOT, pairs',
    formula:
      '−(1−ε) log σ(βδ) − ε log σ(−βδ), δ between log π(y_w) − log π(y_l) and log π_ref(y_w) − log π_ref(y_l) of equal rank',
    source: 'arXiv 2406.05882',
    needsReference: true,
  },
  'aot-unpaired': {
    title: 'AOT, answers of different pairs',
    formula: 'the same, δ between r_w and r_l of equal rank',
    source: 'arXiv 2406.05882',
    needsReference: true,
  },
} as const satisfies Readonly<Record<string, Omit<LossEntry, 'loss'>>>;

/** A name in {@link preferenceLosses}. */
export type PreferenceLossName = keyof typeof preferenceLosses;

/**
 * The entry of a loss, by name.
 *
 * @throws DpoError `loss.unknown` when there is no such loss, with the nearest name
 */
export function preferenceLoss(name: string): LossEntry {
  if (Object.hasOwn(preferenceLosses, name)) return preferenceLosses[name as PreferenceLossName];
  throw unknownLoss(name, Object.keys(preferenceLosses));
}

/** The error `loss.unknown`, for a name that is not among `names`. */
export function unknownLoss(name: string, names: readonly string[]): DpoError {
  const near = nearest(name, names);
  return new DpoError('loss.unknown', `There is no loss named ${JSON.stringify(name)}.`, {
    values: { name, known: names },
    hint: near === undefined ? `The losses are ${names.join(', ')}.` : `Did you mean ${near}?`,
  });
}
