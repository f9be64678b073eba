/** A piece of work with its size. */
export interface Work {
  /** Pieces of one kind take about the same time to a unit. */
  readonly kind: string;
  readonly units: number;
}

/** A piece of finished work with its time. */
export interface FinishedWork extends Work {
  readonly seconds: number;
}

/**
 * The expected seconds of the remaining work, from the finished work:
 *
 *     Σ units · rate        rate = seconds / units of the finished work of the same kind, else of all finished work
 *
 * @returns undefined when no work is finished
 */
export function secondsFor(remaining: readonly Work[], finished: readonly FinishedWork[]): number | undefined {
  const overall = secondsPerUnit(finished);
  if (overall === undefined) return undefined;
  return remaining.reduce(
    (sum, { kind, units }) => sum + units * (secondsPerUnit(finished.filter((work) => work.kind === kind)) ?? overall),
    0,
  );
}

function secondsPerUnit(finished: readonly FinishedWork[]): number | undefined {
  const units = finished.reduce((sum, work) => sum + work.units, 0);
  return units === 0 ? undefined : finished.reduce((sum, { seconds }) => sum + seconds, 0) / units;
}
