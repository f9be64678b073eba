/**
 * Trains a byte-level BPE tokenizer (Sennrich et al. 2016, on GPT-2's alphabet of bytes) and returns the tokenizer's files of a
 * Hugging Face folder. Made for texts of a few kilobytes: all pairs are counted anew at each merge.
 *
 * @param text the text from which the merges are learnt
 * @param size the size of the vocabulary: 256 bytes, the merges and the end-of-text token
 */
export function trainByteLevelBpe(text: string, size: number): Record<string, string> {
  const alphabet = byteAlphabet();
  const bytes = new TextEncoder();
  const words = new Map<string, { readonly count: number; symbols: string[] }>();
  for (const [word] of text.matchAll(/ ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu)) {
    const entry = words.get(word);
    const symbols = entry?.symbols ?? Array.from(bytes.encode(word), (byte) => alphabet[byte] as string);
    words.set(word, { count: (entry?.count ?? 0) + 1, symbols });
  }
  const vocabulary = [...alphabet];
  const merges: string[] = [];
  while (vocabulary.length < size - 1) {
    const best = mostFrequentPair(words.values());
    if (best === undefined) break;
    merges.push(best);
    const [left, right] = best.split(' ') as [string, string];
    vocabulary.push(left + right);
    for (const word of words.values()) word.symbols = merge(word.symbols, left, right);
  }
  return files(vocabulary, merges);
}

function mostFrequentPair(words: Iterable<{ readonly count: number; readonly symbols: readonly string[] }>) {
  const counts = new Map<string, number>();
  for (const { count, symbols } of words)
    for (let i = 1; i < symbols.length; i++) {
      const pair = `${symbols[i - 1]} ${symbols[i]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  let best: string | undefined;
  for (const [pair, count] of counts) {
    const most = best === undefined ? 1 : (counts.get(best) ?? 0);
    if (count > most || (count === most && best !== undefined && pair < best)) best = pair;
  }
  return best;
}

function merge(symbols: readonly string[], left: string, right: string): string[] {
  const result: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      result.push(left + right);
      i++;
    } else result.push(symbols[i] as string);
  }
  return result;
}

/** GPT-2's printable stand-in for each byte: the byte's own character if it is printable, else a character from 256 on. */
function byteAlphabet(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCodePoint(printable ? byte : next++);
  });
}

function files(vocabulary: readonly string[], merges: readonly string[]): Record<string, string> {
  const end = '<|endoftext|>';
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: vocabulary.length,
        content: end,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...vocabulary, end].map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.split(' ')),
    },
  };
  const config = { tokenizer_class: 'PreTrainedTokenizerFast', eos_token: end, bos_token: end, unk_token: end };
  return { 'tokenizer.json': JSON.stringify(tokenizer), 'tokenizer_config.json': JSON.stringify(config) };
}
