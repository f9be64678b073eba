/** A space at which no line breaks. */
const NO_BREAK = '\u00a0';

/** A number for people: three significant digits, whole numbers whole, exponents only when they are shorter. */
export function number(value: number | null | undefined): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return exponential(value, 3);
  if (Number.isInteger(value) || size >= 100) return grouped(value, 0);
  return minus(String(Number(value.toPrecision(3))));
}

/** `mean ± standard error`: the error with two significant digits, the mean with as many decimals. */
export function plusMinus(estimate: { readonly mean: number; readonly standardError: number | null }): string {
  const { mean, standardError: error } = estimate;
  if (error === null || !(error > 0) || !Number.isFinite(error)) return number(mean);
  const decimals = decimalsFor(error);
  return `${grouped(mean, decimals)}${NO_BREAK}±${NO_BREAK}${grouped(error, decimals)}`;
}

/** The mean with as many decimals as its standard error. */
export function meanOnly(estimate: { readonly mean: number; readonly standardError: number | null }): string {
  return plusMinus(estimate).split(`${NO_BREAK}±`)[0] as string;
}

/** A share as whole per cent. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${minus((100 * share).toFixed(0))}${NO_BREAK}%` : '–';
}

/** A share in per cent with one decimal. */
export function tenths(share: number): string {
  return Number.isFinite(share) ? `${minus((100 * share).toFixed(1))}${NO_BREAK}%` : '–';
}

/** A p-value with its name: `p = 0.031`, or `p < 0.0001` for anything smaller. */
export function pValue(p: number): string {
  return p < 1e-4 ? `p${NO_BREAK}<${NO_BREAK}0.0001` : `p${NO_BREAK}=${NO_BREAK}${Number(p.toPrecision(2))}`;
}

/** An interval of shares, such as `51.2 to 63.1 %`. */
export function tenthsRange({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${minus((100 * low).toFixed(1))} to${NO_BREAK}${tenths(high)}`;
}

/** The labels of an axis, all with the same number of decimals. */
export function tickLabels(ticks: readonly number[]): string[] {
  const size = Math.max(...ticks.map(Math.abs));
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return ticks.map((tick) => (tick === 0 ? '0' : exponential(tick, 4)));
  const step = ticks.length > 1 ? Math.abs((ticks[1] as number) - (ticks[0] as number)) : size;
  const decimals = step > 0 ? Math.min(8, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))) : 0;
  return ticks.map((tick) => grouped(tick, decimals));
}

function decimalsFor(error: number): number {
  return Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(error))));
}

function grouped(value: number, decimals: number): string {
  const text = value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return minus(Number(text.replaceAll(',', '')) === 0 ? text.replace('-', '') : text);
}

function exponential(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string];
  return minus(`${Number(mantissa)}e${exponent.replace('+', '')}`);
}

function minus(text: string): string {
  return text.replaceAll('-', '−');
}
