/** Mean and variance of numbers. The variance is divided by the count of the numbers. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** x̄ = Σ x / n and Σ (x − x̄)² / n; NaN of no numbers. */
export function momentsOf(values: ArrayLike<number>): Moments {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return { mean, variance: all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length };
}

/** √(Σ (x − x̄)² / (n − 1)), PyTorch's `std`; NaN of fewer than two numbers. */
export function sampleDeviation(values: ArrayLike<number>): number {
  const { length: n } = values;
  return Math.sqrt((momentsOf(values).variance * n) / (n - 1));
}
