import type { GgufMetadata } from './gguf-metadata.js';

/** A token that is cut out of a text before everything else. */
export interface GgufAddedToken {
  readonly id: number;
  readonly content: string;
  /** Whether the token is no text. */
  readonly special: boolean;
}

/** The tokens of a GGUF file. */
export interface GgufVocabulary {
  readonly metadata: GgufMetadata;
  readonly tokens: readonly string[];
  /** Token → id. Of tokens that occur twice, which are padding, the first counts. */
  readonly vocab: Readonly<Record<string, number>>;
  readonly addedTokens: readonly GgufAddedToken[];
}

/** Token types of GGUF's `tokenizer.ggml.token_type`. */
const unknownType = 2;
const controlType = 3;
const userDefinedType = 4;

/** The tokens of a GGUF file; undefined when it has none. */
export function ggufVocabulary(metadata: GgufMetadata): GgufVocabulary | undefined {
  const tokens = metadata.texts('tokenizer.ggml.tokens');
  if (tokens === undefined) return undefined;
  const types = metadata.numbers('tokenizer.ggml.token_type') ?? [];
  const addedTokens = tokens.flatMap((content, id) => {
    const type = types[id];
    if (type !== controlType && type !== userDefinedType && type !== unknownType) return [];
    return [{ id, content, special: type !== userDefinedType }];
  });
  return { metadata, tokens, vocab: vocabOf(tokens), addedTokens };
}

/** Token → id. Of tokens that occur twice, the first counts. */
export function vocabOf(tokens: readonly string[]): Record<string, number> {
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) if (!ids.has(token)) ids.set(token, id);
  return Object.fromEntries(ids);
}

/** `added_tokens` of tokenizer.json. */
export function addedTokensJson(tokens: readonly GgufAddedToken[]): Record<string, unknown>[] {
  return tokens.map(({ id, content, special }) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special,
  }));
}
