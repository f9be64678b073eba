import { DpoError } from '@dpo/base';

/** A setting that must lie in [low, high), or the error that says so. */
export function within(name: string, value: number, low: number, high: number): number {
  if (value >= low && value < high) return value;
  throw new DpoError('optimizer.out-of-range', `${name} must be at least ${low} and below ${high}, but is ${value}.`, {
    values: { name, value, low, high },
  });
}
