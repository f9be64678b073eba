/** Clusters of this many bytes of UTF-8 or more are rewritten character by character. */
const LONGEST = 6;

/**
 * SentencePiece's normaliser, compiled into a table (`spm_precompiled`, which Hugging Face's tokenizers use): a trie in a double
 * array (of Darts-clone) from bytes of UTF-8 to places in a list of texts, each of which ends in a zero.
 *
 * @throws {TypeError} for a table that is cut short.
 */
export function precompiledNormalizer(part: Readonly<Record<string, unknown>>): (text: string) => string {
  if (typeof part.precompiled_charsmap !== 'string' || part.precompiled_charsmap === '') return (text) => text;
  const bytes = Uint8Array.from(atob(part.precompiled_charsmap), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) throw new TypeError('its precompiled_charsmap is none');
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + size);
  const clusters = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const rewrite = (text: string): string => {
    const place = placeOf(trie, encoder.encode(text));
    if (place === undefined) return text;
    const end = texts.indexOf(0, place);
    return decoder.decode(texts.subarray(place, end < 0 ? texts.length : end));
  };
  const rewriteCluster = (cluster: string): string => {
    const utf8 = encoder.encode(cluster);
    if (utf8.length < LONGEST && placeOf(trie, utf8) !== undefined) return rewrite(cluster);
    return Array.from(cluster, rewrite).join('');
  };
  return (text) => Array.from(clusters.segment(text), ({ segment }) => rewriteCluster(segment)).join('');
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The place of the text for the shortest beginning of a key that is in the trie. */
function placeOf(trie: Uint32Array, key: Uint8Array): number | undefined {
  const unit = (at: number) => trie[at] ?? 0;
  const offset = (value: number) => (value >>> 10) << ((value & 0x200) >>> 6);
  let node = offset(unit(0));
  for (const byte of key) {
    if (byte === 0) return undefined;
    node ^= byte;
    const value = unit(node);
    if ((value & 0x800000ff) >>> 0 !== byte) return undefined;
    node ^= offset(value);
    if (((value >>> 8) & 1) === 1) return unit(node) & 0x7fffffff;
  }
  return undefined;
}
