import { expect, it } from 'vitest';
import { storageForDrawing, storageOf } from './frozen-storage.js';

it('auto stores the base of a policy that draws as its products take it', () => {
  const of = (precision: 'float32' | 'bfloat16') =>
    (['auto', 'float32', 'bfloat16', undefined] as const).map(
      (baseDtype) => storageForDrawing({ precision }, { baseDtype }).baseDtype,
    );
  expect(of('float32')).toEqual(['float32', 'float32', 'bfloat16', undefined]);
  expect(of('bfloat16')).toEqual(['auto', 'float32', 'bfloat16', undefined]);
});

it('a model whose matrices are stored in different ways is mixed', () => {
  const model = (...storages: readonly ('float32' | 'bfloat16')[]) => {
    const variables: readonly { readonly shape: readonly number[]; readonly storage: 'float32' | 'bfloat16' }[] = [
      ...storages.map((storage) => ({ shape: [2, 2], storage })),
      { shape: [2], storage: 'float32' },
    ];
    const weights = new Map(variables.map((variable, i) => [`weight ${i}`, variable]));
    return { weights } as unknown as Parameters<typeof storageOf>[0];
  };
  expect(storageOf(model('float32', 'float32'))).toBe('float32');
  expect(storageOf(model('bfloat16', 'bfloat16'))).toBe('bfloat16');
  expect(storageOf(model('bfloat16', 'float32'))).toBe('mixed');
});
