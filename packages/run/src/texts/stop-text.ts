/** A text that ends answers. */
export interface StopText {
  /** Whether the newest of an answer's tokens completes the text: `stopWhen` of `generate`. */
  readonly completes: (tokens: readonly number[]) => boolean;
  /** The part of an answer before the text; the whole answer when it has no such text. */
  readonly before: (answer: string) => string;
}

/**
 * A text as the end of answers. Only an answer's last tokens are decoded, enough for the text at one byte to a token: decoding all
 * tokens at every step would take longer and longer.
 *
 * @param stop the text; without a text no answer is ended or shortened
 */
export function stopText(
  stop: string | undefined,
  tokenizer: { readonly decode: (ids: readonly number[]) => string },
): StopText {
  if (stop === undefined) return { completes: () => false, before: (answer) => answer };
  const most = Buffer.byteLength(stop) + 8;
  return {
    completes: (tokens) => tokenizer.decode(tokens.slice(-most)).includes(stop),
    before: (answer) => {
      const at = answer.indexOf(stop);
      return at < 0 ? answer : answer.slice(0, at);
    },
  };
}
