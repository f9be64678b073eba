import { DpoError } from '@dpo/base';

/** What a reader of the page may choose about a training. */
export interface Settings {
  readonly steps: number;
  /** Pairs to a step. */
  readonly batchSize: number;
  readonly learningRate: number;
  readonly beta: number;
  /** The rank of the LoRA adapter; 0 trains all weights. */
  readonly loraRank: number;
  /** The largest number of tokens of prompt and answer together. */
  readonly maxLength: number;
  /** Whether an end token is put behind plain answers. False for answers that were cut. */
  readonly eos: boolean;
  /** Tokens of each sample before and after the training. */
  readonly sampleTokens: number;
  readonly seed: number;
}

/** A setting that is a number, and the numbers that it may be. */
interface NumberSetting {
  readonly label: string;
  readonly whole: boolean;
  readonly least: number;
  readonly most: number;
}

/** The settings that are numbers, in the order of the form. */
export const numberSettings = {
  steps: { label: 'Steps', whole: true, least: 1, most: 100_000 },
  batchSize: { label: 'Pairs to a step', whole: true, least: 1, most: 4096 },
  learningRate: { label: 'Learning rate', whole: false, least: Number.MIN_VALUE, most: 10 },
  beta: { label: 'β', whole: false, least: Number.MIN_VALUE, most: 100 },
  loraRank: { label: 'LoRA rank (0: all weights)', whole: true, least: 0, most: 1024 },
  maxLength: { label: 'Longest pair, in tokens', whole: true, least: 2, most: 1_000_000 },
  sampleTokens: { label: 'Tokens of a sample', whole: true, least: 1, most: 4096 },
  seed: { label: 'Seed', whole: true, least: 0, most: 2 ** 31 - 1 },
} as const satisfies Readonly<Record<string, NumberSetting>>;

/** The settings of the built-in model, whose answers were cut at 24 tokens. A higher learning rate leads to words that are none. */
export const demoSettings: Settings = {
  ...{ steps: 40, batchSize: 8, learningRate: 2e-3, beta: 0.1, loraRank: 8 },
  ...{ maxLength: 128, eos: false, sampleTokens: 24, seed: 1 },
};

/** The first settings for a model of the reader's. */
export const ownSettings: Settings = {
  ...{ steps: 100, batchSize: 4, learningRate: 2e-4, beta: 0.1, loraRank: 8 },
  ...{ maxLength: 512, eos: true, sampleTokens: 32, seed: 1 },
};

/**
 * Checks the texts of a form.
 *
 * @throws DpoError `options.invalid` for a text that is no number, or a number out of its range
 */
export function parseSettings(form: Readonly<Record<string, string>>, eos: boolean): Settings {
  const numbers = Object.entries(numberSettings).map(([name, setting]) => [name, parseNumber(setting, form[name])]);
  return { ...(Object.fromEntries(numbers) as Omit<Settings, 'eos'>), eos };
}

function parseNumber({ label, whole, least, most }: NumberSetting, text = ''): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= least && value <= most && (!whole || Number.isSafeInteger(value));
  if (fits) return value;
  const lowest = least === Number.MIN_VALUE ? 'above 0' : `from ${least}`;
  throw new DpoError(
    'options.invalid',
    `${label} must be a ${whole ? 'whole ' : ''}number ${lowest} to ${most}, not ${JSON.stringify(text)}.`,
    { values: { setting: label, received: text, least, most } },
  );
}
