import { DpoError } from '@dpo/base';
import type { ModelFiles } from './model-files.js';

/** Opens a GGUF file under the view of a Hugging Face folder. */
export async function openGgufModel(path: string): Promise<ModelFiles> {
  throw new DpoError('model.unsupported-format', `${path}: GGUF files are not supported yet.`, { values: { path } });
}
