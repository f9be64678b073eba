/** A text to encode: a text on its own, or a text that follows another. */
export type TextToEncode = string | { readonly before: string; readonly text: string };
