/** Bytes as megabytes for people: `94 MB`. */
export function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${Math.round(bytes / 1e6)} MB`;
}

/** Seconds as `m:ss`, or `h:mm:ss` from an hour on; `–` for NaN and infinity. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A number with a few significant digits; `–` for no number. */
export function short(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1);
  return value.toFixed(size < 10 ? 3 : 1);
}

/** `mean ± standard error` with three decimals. */
export function plusMinus({ mean, standardError }: { readonly mean: number; readonly standardError: number }): string {
  return `${mean.toFixed(3)} ± ${standardError.toFixed(3)}`;
}
