import { DpoError } from '@dpo/base';
import { safetensorsPieces, type TensorToWrite } from '@dpo/base/safetensors';
import { writeConfig } from '../files/config-json.js';
import { type CompanionFiles, companionContents, type FileContents, textContents } from '../files/file-contents.js';
import type { LanguageModel } from './types.js';

/** What a model's folder holds besides the weights, and how it stores weights. */
export interface ModelContentsOptions {
  /** The files whose tokenizer, chat template and generation settings are copied unchanged: usually `source` of the loaded model. */
  readonly source?: CompanionFiles | undefined;
  /** How weights are stored. Default float32. */
  readonly dtype?: 'float32' | 'bfloat16' | undefined;
  /** The text of `README.md`: see `modelCard`. Default none. */
  readonly card?: string | undefined;
}

/**
 * The files of a Hugging Face folder with the model, for pages: `model.safetensors` in one piece, the tokenizer's files, and
 * `config.json`. `saveModel` writes the same files to disk.
 *
 * @throws {DpoError} `model.has-adapter` for a model with an adapter.
 */
export function modelContents(model: LanguageModel, options: ModelContentsOptions = {}): FileContents[] {
  const { source, dtype = 'float32', card } = options;
  const { tensors, config } = modelParts(model, dtype);
  const name = 'model.safetensors';
  return [
    { name, pieces: () => safetensorsPieces(name, tensors).pieces() },
    ...companionContents(source, card),
    textContents('config.json', config),
  ];
}

/**
 * The weights and the text of `config.json` of a model's folder.
 *
 * @throws {DpoError} `model.has-adapter` for a model with an adapter.
 */
export function modelParts(
  model: LanguageModel,
  dtype: 'float32' | 'bfloat16',
): { readonly tensors: readonly TensorToWrite[]; readonly config: string } {
  if (model.adapter !== undefined)
    throw new DpoError('model.has-adapter', 'The model has an adapter, which a model folder cannot hold.', {
      hint: 'Save the adapter by itself, or merge it into the weights first.',
    });
  const tensors = [...model.weights].map(
    ([name, variable]): TensorToWrite => ({
      name,
      shape: variable.shape,
      dtype,
      data: (buffer) => variable.read(buffer),
    }),
  );
  return { tensors, config: configText(model, dtype) };
}

/** The configuration with the new dtype of the weights, under the key that the configuration has for it. */
function configText({ config: { raw } }: LanguageModel, dtype: string): string {
  const key = 'torch_dtype' in raw && !('dtype' in raw) ? 'torch_dtype' : 'dtype';
  return writeConfig(raw, { [key]: dtype });
}
