import { join } from 'node:path';
import { writeSafetensors } from '@dpo/base/safetensors';
import type { TrainableModel } from './model.js';

/** A `saveModel` of checkpoints, for models without a format of their own: writes the weights to `model.safetensors`. */
export function weightSaver(model: TrainableModel): (into: string) => Promise<void> {
  return async (into) => {
    await writeSafetensors(
      join(into, 'model.safetensors'),
      [...model.trainable()].map(([name, variable]) => ({
        ...{ name, shape: variable.shape, dtype: 'float32' as const },
        data: () => variable.read(),
      })),
    );
  };
}
