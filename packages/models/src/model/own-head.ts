import { createHash } from 'node:crypto';
import { decoderFor } from '../architectures/registry.js';
import type { Decoder } from '../architectures/types.js';
import { changedConfig } from '../files/config-json.js';
import type { ModelFiles } from '../files/model-files.js';
import type { MatchedTensors } from './match-tensors.js';

/** A decoder and where its weights are. */
export interface PlacedDecoder {
  readonly decoder: Decoder;
  readonly matched: MatchedTensors;
}

/**
 * A model whose configuration ties the head to the embedding, while its files have both: with the same numbers it stays
 * tied, with others the head is one of its own, and `tie_word_embeddings` becomes false, as transformers decides. The
 * configuration's word is taken where the files have one of the two.
 */
export async function withOwnHead(placed: PlacedDecoder, source: ModelFiles): Promise<PlacedDecoder> {
  const { decoder, matched } = placed;
  const { head, places } = matched;
  const embedding = places.get(decoder.unembedding);
  if (head === undefined || embedding === undefined || (await haveSameNumbers(source, head, embedding))) return placed;
  const untied = decoderFor(changedConfig(source.config, { tie_word_embeddings: false }), source.path);
  return {
    decoder: untied,
    matched: { ...matched, places: new Map([...places, [untied.head, head]]), head: undefined },
  };
}

/** Compares digests, so that two tables of a vocabulary's size never lie in memory together. */
async function haveSameNumbers(source: ModelFiles, a: string, b: string): Promise<boolean> {
  const room = new Float32Array((source.tensors.get(a)?.shape ?? []).reduce((product, size) => product * size, 1));
  const digest = async (name: string) => {
    const values = await source.read(name, room);
    // −0 equals 0.
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + 0;
    return createHash('sha256')
      .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      .digest('hex');
  };
  return (await digest(a)) === (await digest(b));
}
