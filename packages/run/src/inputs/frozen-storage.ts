import type { Engine } from '@dpo/engine';
import type { FrozenStorage, LanguageModel, Rounding } from '@dpo/models';
import type { RunContext } from '../context.js';

/** The option that says how weights are stored that are not trained. Default float32. */
export interface FrozenOptions {
  readonly baseDtype?: FrozenStorage | undefined;
}

/**
 * The option for a policy that writes answers. With products in float32, `auto` is float32 there: every token that is drawn would
 * cast all weights again, for few rows.
 */
export function storageForDrawing(
  { precision }: Pick<Engine, 'precision'>,
  { baseDtype }: FrozenOptions,
): FrozenOptions {
  return { baseDtype: baseDtype === 'auto' && precision === 'float32' ? 'float32' : baseDtype };
}

/** The storage of a model's matrices: `mixed` when some are in bfloat16 and some are not. */
export function storageOf({ weights }: Pick<LanguageModel, 'weights'>): 'float32' | 'bfloat16' | 'mixed' {
  const matrices = [...weights.values()].filter(({ shape }) => shape.length > 1);
  const rounded = matrices.filter(({ storage }) => storage === 'bfloat16').length;
  if (rounded === 0) return 'float32';
  return rounded === matrices.length ? 'bfloat16' : 'mixed';
}

/**
 * Says in a note that the weights of a model are stored in bfloat16, and what that loses, or that they are stored in float32 in
 * spite of the option.
 */
export function tellStorage(
  name: string,
  { engine, weights }: Pick<LanguageModel, 'engine' | 'weights'>,
  { baseDtype }: FrozenOptions,
  rounding: Rounding | undefined,
  context: Pick<RunContext, 'note'>,
): void {
  if (baseDtype === 'bfloat16' && engine.kind !== 'tensorflow')
    context.note(`${name} is stored in float32: only TensorFlow's engine stores bfloat16.`);
  const all = [...weights.values()].map(({ shape, storage }) => ({
    count: shape.reduce((a, b) => a * b, 1),
    size: storage === 'bfloat16' ? 2 : 4,
  }));
  const gigabytes = (bytes: number) => (bytes / 1e9).toPrecision(2);
  const narrow = all.reduce((sum, { count, size }) => sum + count * size, 0);
  const wide = all.reduce((sum, { count }) => sum + 4 * count, 0);
  if (narrow === wide) return;
  const partly = storageOf({ weights }) === 'mixed' ? 'partly ' : '';
  const loss = rounding === undefined ? 'which loses nothing' : `which loses: ${inWords(rounding)}`;
  context.note(`${name} is ${partly}frozen in bfloat16 (${gigabytes(narrow)} GB, not ${gigabytes(wide)}), ${loss}.`);
}

function inWords({ matrices, numbers, relative }: Rounding): string {
  const count = numbers.toLocaleString('en');
  return `${matrices} matrices with ${count} numbers are rounded, by ${(100 * relative).toPrecision(2)} % (root mean square)`;
}
