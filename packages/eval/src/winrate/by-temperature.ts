import { holm } from '../inference/holm.js';
import type { StoredVerdict } from '../verdicts/stored-verdict.js';
import type { RateOptions } from './rate-interval.js';
import { type WinRateReport, winRateReport } from './win-rate-report.js';

/** A win rate at one of several temperatures. */
export interface TemperatureReport {
  /** Undefined for verdicts without a temperature. */
  readonly temperature: number | undefined;
  readonly report: WinRateReport;
  /** The sign test's p-value, adjusted by Holm for all temperatures of the list. */
  readonly adjustedPValue: number;
}

/** The win rate at each temperature, from the lowest up. Whoever quotes the best temperature quotes the adjusted p-value with it. */
export function byTemperature(verdicts: readonly StoredVerdict[], options: RateOptions = {}): TemperatureReport[] {
  const temperatures = [...new Set(verdicts.map(({ temperature }) => temperature))].sort((a = -1, b = -1) => a - b);
  const reports = temperatures.map((temperature) =>
    winRateReport(
      verdicts.filter((verdict) => verdict.temperature === temperature),
      options,
    ),
  );
  const adjusted = holm(reports.map(({ signs }) => signs.pValue));
  return reports.map((report, i) => ({
    temperature: temperatures[i],
    report,
    adjustedPValue: adjusted[i] as number,
  }));
}
