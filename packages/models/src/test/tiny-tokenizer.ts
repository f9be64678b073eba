import { byteCharacters, byteLevelTokenizerJson } from '../tokenizer/byte-level.js';
import { createTokenizer, type ModelTokenizer } from '../tokenizer/tokenizer.js';

const chatTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/**
 * A byte-level tokenizer without files: one token for each byte (id = byte), then `<|endoftext|>` (256), which ends answers.
 * Python transformers opens a Hugging Face folder with the tokenizer's `files`.
 *
 * @param options.chat adds a ChatML template with `<|im_start|>` (257) and `<|im_end|>` (258, which then ends answers). Default
 * false
 * @param options.bos puts `<|endoftext|>` before prompts. Default false
 */
export function tinyTokenizer(options: { chat?: boolean; bos?: boolean } = {}): ModelTokenizer {
  const { chat = false, bos = false } = options;
  const vocab: Record<string, number> = {};
  for (const [byte, character] of byteCharacters().entries()) vocab[character] = byte;
  const special = ['<|endoftext|>', ...(chat ? ['<|im_start|>', '<|im_end|>'] : [])];
  const addedTokens = special.map((content, index) => ({ id: 256 + index, content, special: true }));
  for (const { id, content } of addedTokens) vocab[content] = id;
  const endOfText = '<|endoftext|>';
  const eos = chat ? '<|im_end|>' : endOfText;
  const map = { bos_token: endOfText, eos_token: eos, pad_token: endOfText };
  const postProcessor = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: endOfText, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: { [endOfText]: { id: endOfText, ids: [256], tokens: [endOfText] } },
  };
  const json = byteLevelTokenizerJson(vocab, [], { addedTokens, ...(bos ? { postProcessor } : {}) });
  const config = {
    ...map,
    ...(bos ? { add_bos_token: true } : {}),
    clean_up_tokenization_spaces: false,
    model_max_length: 1024,
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...(chat ? { chat_template: chatTemplate } : {}),
  };
  const text = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  return createTokenizer({
    'tokenizer.json': text(json),
    'tokenizer_config.json': text(config),
    'special_tokens_map.json': text(map),
  });
}
