import { DpoError } from '@dpo/base';
import { asFileError, readTextFile } from '@dpo/base/files';
import { between, record, type Shape, ShapeError } from '../../shape.js';

/** What a model's tokens cost, to a million, in the currency of the table. */
export interface Price {
  readonly input: number;
  readonly output: number;
}

const amount: Shape<number> = between(0, Number.MAX_VALUE);
const priceShape = record<Price>({ input: amount, output: amount });

/**
 * Reads a table of prices: a JSON object with a model to a key, `{"MODEL": {"input": 0.15, "output": 0.6}}`, in any currency, to
 * a million tokens.
 *
 * @throws DpoError `judge.bad-prices` for a file that is no such table, naming the key; `judge.no-price` where the model is not
 *   in the table; file errors
 */
export async function readPrice(path: string, model: string): Promise<Price> {
  const text = await readTextFile(path).catch((error: unknown) => {
    throw asFileError(error, path);
  });
  const bad = (what: string, key?: string, cause?: unknown) =>
    new DpoError('judge.bad-prices', `${path}: ${what}.`, {
      values: { path, ...(key === undefined ? {} : { key }) },
      hint: 'A table of prices is {"MODEL": {"input": 0.15, "output": 0.6}}, to a million tokens.',
      cause,
    });
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (cause) {
    throw bad('not valid JSON', undefined, cause);
  }
  if (typeof table !== 'object' || table === null || Array.isArray(table)) throw bad('not a JSON object');
  const given = new Map(Object.entries(table)).get(model);
  if (given === undefined)
    throw new DpoError('judge.no-price', `${path} has no price of ${model}.`, {
      values: { path, model, models: Object.keys(table) },
      hint: 'Add the model to the table, with its input and output prices to a million tokens.',
    });
  try {
    return priceShape(given, model);
  } catch (error) {
    if (error instanceof ShapeError) throw bad(error.message, error.where);
    throw error;
  }
}

/** What so many tokens cost. */
export function costOf({ input, output }: Price, promptTokens: number, completionTokens: number): number {
  return (input * promptTokens + output * completionTokens) / 1e6;
}
