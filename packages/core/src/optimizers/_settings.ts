import { DpoError } from '@dpo/base';

/**
 * Checks that a setting lies in [low, high), and returns it.
 *
 * @throws DpoError `optimizer.out-of-range` when it does not
 */
export function within(name: string, value: number, low: number, high: number): number {
  if (value >= low && value < high) return value;
  throw new DpoError('optimizer.out-of-range', `${name} must be at least ${low} and below ${high}, but is ${value}.`, {
    values: { name, value, low, high },
  });
}
