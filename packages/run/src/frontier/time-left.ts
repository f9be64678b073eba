/** A piece of work, as far as time goes by its size. */
export interface Work {
  /** Work of one kind takes about as long to a unit. */
  readonly kind: string;
  readonly units: number;
}

/** Work that was done. */
export interface DoneWork extends Work {
  readonly seconds: number;
}

/**
 * Seconds that work will take: of a kind that was done before, as long to a unit as then; of another, as long as all units did.
 * Undefined where nothing was done.
 */
export function secondsFor(left: readonly Work[], done: readonly DoneWork[]): number | undefined {
  const rate = (of: readonly DoneWork[]) => {
    const units = of.reduce((sum, work) => sum + work.units, 0);
    return units === 0 ? undefined : of.reduce((sum, { seconds }) => sum + seconds, 0) / units;
  };
  const overall = rate(done);
  if (overall === undefined) return undefined;
  return left.reduce(
    (sum, { kind, units }) => sum + units * (rate(done.filter((work) => work.kind === kind)) ?? overall),
    0,
  );
}
