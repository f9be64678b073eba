import type { TextToEncode } from '@dpo/base';
import type { BatchEncoder } from './batch-encoder.js';
import { encodeAllHere, encodeHere } from './encode-here.js';
import type { ModelTokenizer } from './tokenizer.js';

type NativeLibrary = Pick<typeof import('tokenizers'), 'Tokenizer'>;

/** Texts that tell tokenizers apart: spaces, digits, scripts, emoji with joiners, control characters, code. */
const PROBES = [
  'Hello, world!',
  '  two  spaces \t and\n\nlines \r\n',
  "I'm sure they'll've said 12,345.67 at 8½ o’clock — “so”…",
  'Grüße aus Köln; ça va ? Ελληνικά, русский, עברית, العربية, हिन्दी, 中文字符、日本語テキスト。한국어',
  '👩‍👩‍👧‍👦 🇩🇪 🏳️‍🌈 e\u0301 ﬁ Ⅷ ³ \u200b\ufeff\u00a0',
  'for (let i = 0; i < 10; i++) { a[i] ||= `$` + i; } // <|im_start|> </s> [CLS] <unk>',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '\u0000\u0001\u007f',
];
/** One of this many texts is also encoded in this thread, and compared. */
const SAMPLE_INTERVAL = 256;

/**
 * An encoder by the native library. The result is empty when the library is not installed, and a note when the library cannot be
 * used.
 *
 * @param json `tokenizer.json`, whose truncation and padding do not count: they are for batches of a model
 */
export async function openNative(
  tokenizer: ModelTokenizer,
  json: Readonly<Record<string, unknown>>,
): Promise<{ readonly encoder?: BatchEncoder; readonly note?: string }> {
  const library = await importLibrary();
  if (library === undefined) return {};
  try {
    const native = library.Tokenizer.fromString(JSON.stringify({ ...json, truncation: null, padding: null }));
    const encode = async (texts: readonly string[]): Promise<readonly number[][]> =>
      (await native.encodeBatch([...texts], { addSpecialTokens: false })).map((encoding) => encoding.getIds());
    const probeIds = await encode(PROBES);
    const wrong = PROBES.find((text, i) => differs(tokenizer, text, probeIds[i]));
    if (wrong !== undefined) return { note: `it gives other ids for ${JSON.stringify(wrong)}` };
    let trusted = true;
    return {
      encoder: {
        by: 'native',
        async encode(texts) {
          const here = () => encodeAllHere(tokenizer, texts);
          if (!trusted) return here();
          const ids = await encodeFollowing(tokenizer, texts, encode);
          trusted = texts.every((text, i) => i % SAMPLE_INTERVAL > 0 || !differs(tokenizer, text, ids[i]));
          return trusted ? ids : here();
        },
        close: async () => undefined,
      },
    };
  } catch (error) {
    return { note: (error as Error).message };
  }
}

/**
 * The ids of texts, some of which follow other texts. Of a text that follows another, both together are encoded, and the ids of the
 * other are cut off.
 */
async function encodeFollowing(
  tokenizer: ModelTokenizer,
  texts: readonly TextToEncode[],
  encode: (texts: readonly string[]) => Promise<readonly number[][]>,
): Promise<readonly number[][]> {
  const placeByText = new Map<string, number>();
  const placeOf = (text: string): number => {
    const place = placeByText.get(text) ?? placeByText.size;
    placeByText.set(text, place);
    return place;
  };
  const places = texts.map((text) =>
    typeof text === 'string'
      ? { whole: placeOf(text) }
      : { before: placeOf(text.before), whole: placeOf(text.before + text.text) },
  );
  const ids = await encode([...placeByText.keys()]);
  return places.map(({ before, whole }, i) => {
    const all = ids[whole] as number[];
    if (before === undefined) return all;
    const head = ids[before] as number[];
    return head.every((id, k) => id === all[k])
      ? all.slice(head.length)
      : encodeHere(tokenizer, texts[i] as TextToEncode);
  });
}

function differs(tokenizer: ModelTokenizer, text: TextToEncode, ids: readonly number[] | undefined): boolean {
  return encodeHere(tokenizer, text).join() !== ids?.join();
}

/** The library, an optional peer. It may be missing, or have no binary for this machine. */
async function importLibrary(): Promise<NativeLibrary | undefined> {
  try {
    return await import('tokenizers');
  } catch {
    return undefined;
  }
}
