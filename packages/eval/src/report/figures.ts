import { quotedKl } from '../evaluation.js';
import type { Estimate } from '../statistics.js';
import type { WinRateReport } from '../winrate/win-rate-report.js';
import { type Cell, csv } from './csv.js';
import type { ReportData } from './data.js';

/** A figure of a run, with its error or interval when it has one. */
export interface Figure {
  readonly figure: string;
  readonly temperature?: number | undefined;
  readonly value: number | undefined;
  readonly standardError?: number | undefined;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** How many prompts, pairs or texts the figure is of. */
  readonly n?: number | undefined;
}

/** The figures of a run by the names that `dpo eval rescore --json` and `metrics.jsonl` have. Rates are shares from 0 to 1. */
export function figuresOf({ winRate, evaluation, records }: ReportData): Figure[] {
  const temperatures = (winRate?.temperatures ?? []).filter(({ temperature }) => temperature !== undefined);
  return [
    ...(winRate === undefined ? [] : winRateFigures(winRate.report, undefined)),
    ...temperatures.flatMap(({ temperature, report, adjustedPValue }) => [
      ...winRateFigures(report, temperature),
      { figure: 'adjusted_p_value', temperature, value: adjustedPValue, n: report.prompts },
    ]),
    ...(evaluation === undefined
      ? []
      : [
          ofEstimate('reward_before', evaluation.before.reward),
          ofEstimate('reward_after', evaluation.after.reward),
          ofEstimate('reward_gain', evaluation.gain),
          ofEstimate('kl', quotedKl(evaluation.after)),
          ofEstimate('kl_sampled', evaluation.after.kl),
        ]),
    ...lastOf(records, [
      ...['loss', 'eval_loss', 'rewards/accuracies', 'eval_rewards/accuracies', 'rewards/margins'],
      ...['reward', 'objective/kl', 'entropy', 'completions/mean_length', 'eval_reward', 'eval_kl'],
    ]),
  ];
}

function winRateFigures(report: WinRateReport, temperature: number | undefined): Figure[] {
  const { raw, lengthControl: control, bounds, panel, lengthBias: bias, prompts, scored } = report;
  const plain = (figure: string, value: number | undefined, n?: number): Figure => ({ figure, temperature, value, n });
  return [
    {
      ...plain('win_rate', raw?.rate, scored),
      standardError: raw?.standardError,
      low: raw?.low,
      high: raw?.high,
    },
    {
      ...plain('length_controlled_win_rate', control?.rate, report.withLengths),
      low: control?.low,
      high: control?.high,
    },
    { ...plain('bounds', undefined, report.pairs), low: bounds.worst.rate, high: bounds.best.rate },
    plain('smallest_difference', report.smallestDifference, prompts),
    plain('sign_test_p_value', report.signs.pValue, report.signs.wins + report.signs.losses),
    plain('consistency', panel.consistency),
    plain('first_position_rate', panel.firstPositionRate),
    plain('repetition_agreement', panel.repetitionAgreement, panel.repetitions),
    plain('longer_wins', bias?.longerWins),
    plain('length_ruler', bias?.ruler),
    ...Object.entries(panel.counts).map(([kind, count]) => plain(`verdicts_${kind}`, count)),
  ];
}

function ofEstimate(figure: string, { mean, standardError, count }: Estimate): Figure {
  return { figure, value: mean, standardError, n: count };
}

function lastOf(records: ReportData['records'], keys: readonly string[]): Figure[] {
  return keys.flatMap((key) => {
    const last = records.findLast((record) => typeof record[key] === 'number');
    return last === undefined ? [] : [{ figure: key, value: last[key] as number, n: last.step }];
  });
}

/** The figures of one or several runs as a CSV file, with a figure on each line. */
export function figuresCsv(runs: readonly ReportData[]): string {
  const rows = runs.flatMap((run) =>
    figuresOf(run).map((each): Cell[] => [
      run.title,
      each.figure,
      each.temperature,
      each.value,
      each.standardError,
      each.low,
      each.high,
      each.n,
    ]),
  );
  return csv(['run', 'figure', 'temperature', 'value', 'standard_error', 'low', 'high', 'n'], rows);
}

/** Every judged pair of a run as a CSV file, without the texts; undefined for a run without verdicts. */
export function pairsCsv({ winRate }: ReportData): string | undefined {
  if (winRate === undefined) return undefined;
  return csv(
    [
      ...['prompt_id', 'temperature', 'sample', 'score', 'outcome', 'flipped', 'lost_verdicts', 'verdicts'],
      ...['model_length', 'baseline_length', 'people_score', 'people_disagree'],
    ],
    winRate.cases.map((each) => [
      ...[
        each.prompt,
        each.temperature,
        each.sample,
        each.score,
        each.outcome,
        Number(each.flipped),
        each.lostVerdicts,
      ],
      each.verdicts.map(({ first, verdict }) => `${first} first: ${verdict}`).join('; '),
      ...[each.modelLength, each.baselineLength, each.people?.score],
      each.people === undefined ? undefined : Number(each.disputed),
    ]),
  );
}
