import { DpoError } from '@dpo/base';
import { safetensorsPieces, type TensorToWrite } from '@dpo/base/safetensors';
import type { Decoder } from '../architectures/types.js';
import { type CompanionFiles, companionContents, type FileContents, textContents } from '../files/file-contents.js';
import type { ModelFiles } from '../files/model-files.js';
import type { LanguageModel } from '../model/types.js';
import { adapterConfig } from './adapter-config.js';
import { nameInModel } from './modules-to-save.js';
import { savedWeightName, savedWeightOf } from './types.js';

/** How an adapter is saved. */
export interface SaveAdapterOptions {
  /** The base model's folder or hub name, which the adapter's configuration names. Default: the source's path. */
  readonly baseModel?: string | undefined;
  /** The files whose tokenizer is copied: usually `source` of the loaded base. Default none. */
  readonly source?: (CompanionFiles & Pick<ModelFiles, 'path'>) | undefined;
  /** The text of `README.md`: see `modelCard`. Default none. */
  readonly card?: string | undefined;
}

/** The name of the weights in an adapter's folder. */
export const adapterWeights = 'adapter_model.safetensors';

/**
 * The files of a PEFT folder with the model's adapter, for pages. `saveAdapter` writes the same files to disk.
 *
 * @throws {DpoError} `lora.no-adapter`.
 */
export function adapterContents(model: LanguageModel, options: SaveAdapterOptions = {}): FileContents[] {
  const { tensors, config } = adapterParts(model, options);
  return [
    { name: adapterWeights, pieces: () => safetensorsPieces(adapterWeights, tensors).pieces() },
    ...companionContents(options.source, options.card),
    textContents('adapter_config.json', config),
  ];
}

/**
 * The weights (float32) and the text of `adapter_config.json` of a PEFT folder.
 *
 * @throws {DpoError} `lora.no-adapter`.
 */
export function adapterParts(
  { adapter, decoder }: LanguageModel,
  { baseModel, source }: Pick<SaveAdapterOptions, 'baseModel' | 'source'>,
): { readonly tensors: readonly TensorToWrite[]; readonly config: string } {
  if (adapter === undefined)
    throw new DpoError('lora.no-adapter', 'The model has no adapter to save.', { hint: 'Save the model instead.' });
  const tensors = [...adapter.weights].map(
    ([name, variable]): TensorToWrite => ({
      name: nameInFile(decoder, name),
      shape: variable.shape,
      dtype: 'float32',
      data: (buffer) => variable.read(buffer),
    }),
  );
  const config = adapterConfig(adapter, decoder, baseModel ?? source?.path ?? null);
  return { tensors, config: `${JSON.stringify(config, null, 2)}\n` };
}

function nameInFile(decoder: Decoder, name: string): string {
  const weight = savedWeightOf(name);
  return weight === undefined ? name : savedWeightName(nameInModel(decoder, weight));
}
