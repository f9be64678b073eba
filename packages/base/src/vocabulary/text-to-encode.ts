/** A text to be turned into tokens: one of its own, or one that follows another. */
export type TextToEncode = string | { readonly before: string; readonly text: string };
