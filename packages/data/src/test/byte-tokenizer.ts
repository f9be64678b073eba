import type { Json, Message, TextToEncode, Tokenizer } from '@dpo/base';
import { contentText } from '../rows/conversation.js';

/** The options of {@link byteTokenizer}. */
export interface ByteTokenizerOptions {
  /** Puts the beginning-of-sequence token before prompts. Default false. */
  readonly bos?: boolean;
  /**
   * Gives the tokenizer a chat template: each turn is `[role] content</s>`, with the message's other keys as JSON behind the
   * content. The variables of the row stand as JSON before the first turn. Default false.
   */
  readonly chat?: boolean;
}

/** A tokenizer with 259 tokens for tests. */
export interface ByteTokenizer extends Tokenizer {
  readonly vocabSize: number;
  encode(text: string): number[];
  encodeAfter(before: string, text: string): number[];
  decode(ids: Iterable<number>): string;
}

const utf8 = new TextEncoder();

const SPECIAL: readonly string[] = ['<pad>', '<s>', '</s>'];

/**
 * A toy tokenizer: each UTF-8 byte b of the text is token b + 3, and the words `<pad>`, `<s>` and `</s>` are tokens 0, 1
 * (beginning) and 2 (end). The tokenizer has no merges, so encoding a text in two parts equals encoding the whole text.
 */
export function byteTokenizer(options: ByteTokenizerOptions = {}): ByteTokenizer {
  const turn = (message: Message) => `[${message.role}] ${contentText(message.content)}${otherKeysText(message)}</s>`;
  const encode = (text: string): number[] =>
    text
      .split(/(<pad>|<s>|<\/s>)/)
      .flatMap((part, i) =>
        i % 2 === 1 ? [SPECIAL.indexOf(part)] : Array.from(utf8.encode(part), (byte) => byte + SPECIAL.length),
      );
  return {
    vocabSize: 256 + SPECIAL.length,
    bosPrefix: options.bos === true ? [1] : [],
    eosTokenId: 2,
    encode,
    encodeAfter: (_before, text) => encode(text),
    decode(ids) {
      const bytes = Array.from(ids, (id) => {
        const special = SPECIAL[id];
        return special === undefined ? [id - SPECIAL.length] : [...utf8.encode(special)];
      });
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes.flat()));
    },
    ...(options.chat === true
      ? {
          chat: {
            prompt: (messages, variables) => `${variablesText(variables)}${messages.map(turn).join('')}[assistant] `,
            answer: (_prompt, answer) => answer.map(turn).join('').slice('[assistant] '.length),
          },
        }
      : {}),
  };
}

function otherKeysText({ role: _, content: __, ...rest }: Message): string {
  return Object.keys(rest).length === 0 ? '' : JSON.stringify(rest);
}

function variablesText(variables: Readonly<Record<string, Json>> = {}): string {
  return Object.keys(variables).length === 0 ? '' : JSON.stringify(variables);
}

/** The tokens of many texts, encoded one by one: the simplest batch encoder. */
export function encodeEach(
  tokenizer: Pick<Tokenizer, 'encode' | 'encodeAfter'>,
  texts: readonly TextToEncode[],
): ArrayLike<number>[] {
  return texts.map((text) =>
    typeof text === 'string' ? tokenizer.encode(text) : tokenizer.encodeAfter(text.before, text.text),
  );
}
