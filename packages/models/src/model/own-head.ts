import { decoderFor } from '../architectures/registry.js';
import type { Decoder } from '../architectures/types.js';
import { changedConfig } from '../files/config-json.js';
import type { ModelFiles } from '../files/model-files.js';
import type { MatchedTensors } from './match-tensors.js';

/** A decoder, and where its weights are in the files. */
export interface PlacedDecoder {
  readonly decoder: Decoder;
  readonly tensors: MatchedTensors;
}

/**
 * Decides about a head that the configuration ties to the embedding, when the files have both. With the embedding's numbers the
 * head stays tied. With other numbers the head is a weight of its own, and `tie_word_embeddings` becomes false, as in
 * transformers. When the files have only one of the two, the configuration counts.
 */
export async function withOwnHead(model: PlacedDecoder, source: ModelFiles): Promise<PlacedDecoder> {
  const { decoder, tensors } = model;
  const { head, places } = tensors;
  const embedding = places.get(decoder.unembedding);
  if (head === undefined || embedding === undefined || (await haveSameNumbers(source, head, embedding))) return model;
  const untied = decoderFor(changedConfig(source.config, { tie_word_embeddings: false }), source.path);
  return {
    decoder: untied,
    tensors: { ...tensors, places: new Map([...places, [untied.head, head]]), head: undefined },
  };
}

/** Compares digests, so that two tables of a vocabulary's size are never in memory together. */
async function haveSameNumbers(source: ModelFiles, a: string, b: string): Promise<boolean> {
  const buffer = new Float32Array((source.tensors.get(a)?.shape ?? []).reduce((product, size) => product * size, 1));
  const digest = async (name: string) => {
    const values = await source.read(name, buffer);
    // −0 becomes 0, which it equals.
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + 0;
    return digests(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  };
  return (await digest(a)) === (await digest(b));
}

/** Bytes that are digested at a time: Web Crypto copies what it digests. */
const PIECE = 1 << 24;

/** The SHA-256 of each piece of the bytes. Web Crypto has the function in Node and in browsers. */
async function digests(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE)
    pieces.push(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes.subarray(at, at + PIECE))).join());
  return pieces.join(';');
}
