import { DpoError } from '@dpo/base';
import type { ByteFolder } from '@dpo/base/bytes';
import type { Gguf } from './gguf.js';
import { ggufArchitecture, ggufConfig } from './gguf-config.js';
import { badGguf } from './gguf-cursor.js';
import { GgufMetadata } from './gguf-metadata.js';
import { type GgufPlace, joinHeadParts, placeOf, ropeFactors, transpose, undoRowOrder } from './gguf-names.js';
import { openWholeGguf } from './gguf-parts.js';
import { ggufTokenizerFiles } from './gguf-tokenizer.js';
import type { ModelFiles, WeightEntry } from './model-files.js';

interface PlacedTensor extends WeightEntry, GgufPlace {
  /** The tensor's name in the file. */
  readonly tensor: string;
}

/**
 * Opens a GGUF file as if it were a Hugging Face folder: names, layouts, `config.json` and tokenizer files are those that
 * transformers would have. Weights are dequantised when they are read. Any part of a split model opens the whole model.
 *
 * @param beside reads the text files of the folder, whose tokenizer serves when the GGUF file has none of a supported kind
 * @throws {DpoError} `model.gguf-is-no-model`, `model.unsupported-architecture`, `model.bad-gguf`, `tokenizer.unsupported`, and the
 * errors of {@link openWholeGguf}.
 */
export async function openGgufModel(
  folder: ByteFolder,
  name: string,
  beside: () => Promise<TextFiles>,
): Promise<ModelFiles> {
  const gguf = await openWholeGguf(folder, name);
  const path = folder.pathOf(name);
  try {
    const metadata = new GgufMetadata(path, gguf.metadata);
    checkIsModel(gguf, metadata);
    const config = await ggufConfig(gguf, metadata);
    const tensors = placeTensors(gguf, ggufArchitecture(metadata));
    return {
      path,
      format: 'gguf',
      weightFiles: [path],
      config,
      tensors,
      read: (name, into) => readWeight(gguf, tensors, config, name, into),
      ...(await tokenizerOf(metadata, config.max_position_embeddings ?? config.n_positions, beside)),
      close: gguf.close,
    };
  } catch (error) {
    await gguf.close();
    throw error;
  }
}

/** Refuses GGUF files that are no models, so that they are not called damaged. */
function checkIsModel({ path, tensors }: Gguf, metadata: GgufMetadata): void {
  const type = metadata.text('general.type') ?? 'model';
  const adapter = type === 'adapter' || metadata.has('adapter.type');
  const vocabulary = tensors.size === 0 && metadata.has('tokenizer.ggml.tokens');
  if (type === 'model' && !adapter && !vocabulary) return;
  const what = vocabulary
    ? 'only a vocabulary: a tokenizer without weights'
    : adapter
      ? 'an adapter (LoRA), not a model'
      : `a file of type "${type}", not a model`;
  throw new DpoError('model.gguf-is-no-model', `${path} holds ${what}.`, {
    values: { path, type, adapter, vocabulary },
    hint: adapter
      ? 'Merge it into its base with llama.cpp’s llama-export-lora, or give the original PEFT folder.'
      : 'Give the GGUF file with the model’s weights.',
  });
}

type TextFiles = Readonly<Record<string, string>>;

/** The tokenizer in the file, else the tokenizer of the files beside it. */
async function tokenizerOf(
  metadata: GgufMetadata,
  contextLength: unknown,
  beside: () => Promise<TextFiles>,
): Promise<Pick<ModelFiles, 'tokenizerFiles' | 'notes'>> {
  let unsupported: unknown;
  try {
    const tokenizerFiles = ggufTokenizerFiles(metadata, contextLength);
    if (Object.keys(tokenizerFiles).length > 0) return { tokenizerFiles };
  } catch (error) {
    if (!DpoError.is(error, 'tokenizer.unsupported')) throw error;
    unsupported = error;
  }
  const files = await beside();
  if (!('tokenizer.json' in files)) {
    if (unsupported !== undefined) throw unsupported;
    return { tokenizerFiles: {} };
  }
  const why = unsupported === undefined ? 'has no tokenizer' : 'has a tokenizer of an unknown kind';
  return { tokenizerFiles: files, notes: [`${metadata.path} ${why}: the tokenizer.json beside it is used.`] };
}

function placeTensors(gguf: Gguf, architecture: string): Map<string, PlacedTensor> {
  const tensors = new Map<string, PlacedTensor>();
  for (const [tensor, { shape, dtype, byteLength }] of gguf.tensors) {
    if (tensor === ropeFactors) continue;
    const place = placeOf(architecture, tensor);
    if (place === undefined) {
      throw badGguf(gguf.path, `tensor "${tensor}" belongs to no part of a ${architecture} model`, { tensor });
    }
    const newShape = place.change === 'transpose' ? [...shape].reverse() : shape;
    tensors.set(place.name, { ...place, tensor, shape: newShape, dtype, byteLength });
  }
  return tensors;
}

async function readWeight(
  gguf: Gguf,
  tensors: ReadonlyMap<string, PlacedTensor>,
  config: Record<string, unknown>,
  name: string,
  into: Float32Array<ArrayBuffer> | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const entry = tensors.get(name);
  if (entry === undefined) {
    throw new DpoError('model.unknown-tensor', `${gguf.path} has no tensor "${name}".`, {
      values: { path: gguf.path, tensor: name },
    });
  }
  const values = await gguf.read(entry.tensor, into);
  const [rows = 1, columns = 1] = entry.shape;
  if (entry.change === 'transpose') return transpose(values, columns, rows);
  if (entry.change === 'none') return values;
  if (entry.change === 'minus-one') return values.map((value) => value - 1);
  const heads = Number(config[entry.change === 'key-rows' ? 'num_key_value_heads' : 'num_attention_heads']);
  const parts = entry.change === 'qkv-rows' ? 3 : 2;
  if (rows % (parts * heads) !== 0) {
    throw badGguf(gguf.path, `tensor "${entry.tensor}" has ${rows} rows for ${heads} heads`, { tensor: entry.tensor });
  }
  return (parts === 3 ? joinHeadParts : undoRowOrder)(values, heads, columns);
}
