import { DpoError } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { between, record, type Shape, ShapeError } from '../../shape.js';

/** The price of a million tokens of a model, in the currency of the table. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

const amount: Shape<number> = between(0, Number.MAX_VALUE);
const priceShape = record<Price>({ input: amount, output: amount });

/**
 * Reads a model's price from a table: a JSON object with a key for each model, `{"MODEL": {"input": 0.15, "output": 0.6}}`, in any
 * currency, for a million tokens.
 *
 * @throws DpoError `judge.bad-prices` for a file that is no table of prices, naming the key; `judge.no-price` when the table lacks
 *   the model; file errors
 */
export async function readPrice(path: string, model: string): Promise<Price> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const bad = (what: string, key?: string, cause?: unknown) =>
    new DpoError('judge.bad-prices', `${path}: ${what}.`, {
      values: { path, ...(key === undefined ? {} : { key }) },
      hint: 'A table of prices is {"MODEL": {"input": 0.15, "output": 0.6}}, for a million tokens.',
      cause,
    });
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (cause) {
    throw bad('not valid JSON', undefined, cause);
  }
  if (typeof table !== 'object' || table === null || Array.isArray(table)) throw bad('not a JSON object');
  const price: unknown = new Map(Object.entries(table)).get(model);
  if (price === undefined)
    throw new DpoError('judge.no-price', `${path} has no price of ${model}.`, {
      values: { path, model, models: Object.keys(table) },
      hint: 'Add the model to the table, with its input and output prices for a million tokens.',
    });
  try {
    return priceShape(price, model);
  } catch (error) {
    if (error instanceof ShapeError) throw bad(error.message, error.where);
    throw error;
  }
}

/** The cost of a prompt and a reply of so many tokens. */
export function costOf({ input, output }: Price, promptTokens: number, completionTokens: number): number {
  return (input * promptTokens + output * completionTokens) / 1e6;
}
