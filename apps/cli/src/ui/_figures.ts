/** A share as per cent. */
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** An interval of shares as per cent. */
export const range = ({ low, high }: { readonly low: number; readonly high: number }): string =>
  `${(100 * low).toFixed(1)} to ${percent(high)}`;

/** A line with a label and a figure, in a column of figures. */
export const line = (label: string, text: string): string => `${label.padEnd(21)}${text}`;
