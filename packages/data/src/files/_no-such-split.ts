import { DpoError, nearest } from '@dpo/base';

/** The error for a split that a dataset does not have, with the names of its splits. */
export function noSuchSplit(path: string, split: string, splits: readonly string[]): DpoError {
  const near = nearest(split, splits);
  const names = splits.map((name) => `"${name}"`).join(', ') || 'no named splits';
  return new DpoError('data.no-such-split', `${path} has no split "${split}".`, {
    values: { path, split, splits },
    hint:
      `${near === undefined ? '' : `Did you mean "${near}"? `}It has ${names}` +
      `${splits.length === 0 ? '.' : `: ${path}:${splits[0]} names one.`}`,
  });
}
