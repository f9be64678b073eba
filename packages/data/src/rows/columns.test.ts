import { expectTypeOf, it } from 'vitest';
import type { labelledColumns, preferenceColumns, RowOf, rankedColumns } from './columns.js';
import type { LabelledAnswer, PreferencePair, RankedList } from './types.js';

it('rows have the properties of their columns, and no others', () => {
  expectTypeOf<PreferencePair>().branded.toEqualTypeOf<RowOf<typeof preferenceColumns>>();
  expectTypeOf<RankedList>().branded.toEqualTypeOf<RowOf<typeof rankedColumns>>();
  expectTypeOf<LabelledAnswer>().branded.toEqualTypeOf<RowOf<typeof labelledColumns>>();
});
