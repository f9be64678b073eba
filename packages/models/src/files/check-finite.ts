import { DpoError } from '@dpo/base';

/**
 * Checks that a weight has no NaN and no infinity.
 *
 * @throws {DpoError} `model.not-finite`, which names the file, the tensor and the element.
 */
export function checkFinite(path: string, tensor: string, data: Float32Array): void {
  // A number minus itself is 0, except for infinities and NaN, so one sum decides about all elements.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += (data[i] as number) - (data[i] as number);
  if (sum === 0) return;
  const index = data.findIndex((value) => !Number.isFinite(value));
  throw new DpoError(
    'model.not-finite',
    `${path}, tensor "${tensor}": element ${index} is ${data[index]}, so nothing can be computed with it.`,
    { values: { path, tensor, index }, hint: 'The model was saved after its training went wrong.' },
  );
}
