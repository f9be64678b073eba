import { DpoError } from '@dpo/base';
import { type Gguf, openGguf } from './gguf.js';
import { ggufArchitecture, ggufConfig } from './gguf-config.js';
import { badGguf } from './gguf-cursor.js';
import { GgufMetadata } from './gguf-metadata.js';
import { type GgufPlace, joinHeadParts, placeOf, ropeFactors, transpose, undoRowOrder } from './gguf-names.js';
import { ggufTokenizerFiles } from './gguf-tokenizer.js';
import type { ModelFiles, WeightEntry } from './model-files.js';

interface Placed extends WeightEntry, GgufPlace {
  /** Its name in the file. */
  readonly tensor: string;
}

/**
 * Opens a GGUF file under the view of a Hugging Face folder: names, layouts, `config.json` and tokenizer files as
 * transformers would have them. Weights are dequantised when read.
 */
export async function openGgufModel(path: string): Promise<ModelFiles> {
  const gguf = await openGguf(path);
  try {
    const metadata = new GgufMetadata(path, gguf.metadata);
    const config = await ggufConfig(gguf, metadata);
    const tensors = placeTensors(gguf, ggufArchitecture(metadata));
    return {
      path,
      format: 'gguf',
      weightFiles: [path],
      config,
      tensors,
      read: (name, into) => readWeight(gguf, tensors, config, name, into),
      tokenizerFiles: ggufTokenizerFiles(metadata, config.max_position_embeddings ?? config.n_positions),
      close: gguf.close,
    };
  } catch (error) {
    await gguf.close();
    throw error;
  }
}

function placeTensors(gguf: Gguf, architecture: string): Map<string, Placed> {
  const tensors = new Map<string, Placed>();
  for (const [tensor, { shape, dtype, byteLength }] of gguf.tensors) {
    if (tensor === ropeFactors) continue;
    const place = placeOf(architecture, tensor);
    if (place === undefined) {
      throw badGguf(gguf.path, `tensor "${tensor}" belongs to no part of a ${architecture} model`, { tensor });
    }
    const turned = place.change === 'transpose' ? [...shape].reverse() : shape;
    tensors.set(place.name, { ...place, tensor, shape: turned, dtype, byteLength });
  }
  return tensors;
}

async function readWeight(
  gguf: Gguf,
  tensors: ReadonlyMap<string, Placed>,
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
