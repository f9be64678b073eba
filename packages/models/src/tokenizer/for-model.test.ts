import { expect, it } from 'vitest';
import { tinyTokenizer } from '../test/index.js';
import { forModel } from './for-model.js';
import { createTokenizer } from './tokenizer.js';

const { files } = tinyTokenizer({ chat: true });
const withFile = (name: string, value: unknown) => createTokenizer({ ...files, [name]: JSON.stringify(value) });
const ends = (generation: unknown, config: Record<string, unknown>) => {
  const { endTokenIds, eosTokenId } = forModel(withFile('generation_config.json', generation), config, 259);
  return [endTokenIds, eosTokenId];
};

it('ends an answer at every id in generation_config.json, else in config.json, else in the tokenizer', () => {
  // The tokenizer's own end token is <|im_end|>, 258, which plain answers get whatever the model names.
  expect(ends({ eos_token_id: [256, 258, 256] }, { eos_token_id: 7 })).toEqual([[256, 258], 258]);
  expect(ends({ eos_token_id: 256 }, { eos_token_id: 7 })).toEqual([[256], 258]);
  expect(ends({ eos_token_id: null }, { eos_token_id: [7, 8] })).toEqual([[7, 8], 258]);
  expect(ends({}, { text_config: { eos_token_id: 9 } })).toEqual([[9], 258]);
  expect(ends({ eos_token_id: [-1, 'x'] }, {})).toEqual([[258], 258]);
});

it('cuts an answer of a chat template behind each of these tokens, and behind no other', () => {
  const template =
    '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% if loop.last and not add_generation_prompt %}<|im_end|></s>{% endif %}\n{% endfor %}' +
    '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';
  const open = (generation: unknown) => {
    const { added_tokens: added, ...json } = JSON.parse(files['tokenizer.json'] ?? '') as { added_tokens: object[] };
    const end = { ...added[0], id: 259, content: '</s>' };
    return createTokenizer({
      ...files,
      'tokenizer.json': JSON.stringify({ ...json, added_tokens: [...added, end] }),
      'chat_template.jinja': template,
      'generation_config.json': JSON.stringify(generation),
    });
  };
  const answer = (generation: unknown, config: Record<string, unknown>) =>
    forModel(open(generation), config, 260).chat?.answer(
      [{ role: 'user', content: 'Hi' }],
      [{ role: 'assistant', content: 'a' }],
    );
  const first = 'a<|im_end|>';
  const both = 'a<|im_end|></s>';
  expect(answer({}, {})).toBe(first);
  expect(answer({}, { eos_token_id: 259 })).toBe(both);
  expect(answer({}, { eos_token_id: [258, 259] })).toBe(first);
  expect(answer({}, { text_config: { eos_token_id: [259] } })).toBe(both);
  expect(answer({ eos_token_id: 259 }, { eos_token_id: 258 })).toBe(both);
  expect(answer({ eos_token_id: [259, 258] }, { eos_token_id: 259 })).toBe(first);
});

it('gives plain answers the first end token of the model when the tokenizer has none', () => {
  const config = JSON.stringify({ clean_up_tokenization_spaces: false });
  const nameless = createTokenizer({
    'tokenizer.json': JSON.stringify({
      ...(JSON.parse(files['tokenizer.json'] ?? '') as object),
      added_tokens: [{ id: 258, content: '<|im_end|>', special: true }],
    }),
    'tokenizer_config.json': config,
  });
  expect([nameless.eosTokenId, nameless.endTokenIds]).toEqual([undefined, []]);
  expect(forModel(nameless, { eos_token_id: [258, 3] }, 259)).toMatchObject({ eosTokenId: 258, endTokenIds: [258, 3] });
  expect(forModel(nameless, {}, 259)).toMatchObject({ eosTokenId: undefined, endTokenIds: [] });
});

it('says how many tokens the embedding has when these are fewer than the tokenizer’s', () => {
  expect(forModel(tinyTokenizer(), {}, 256).embeddingRows).toBe(256);
  expect('embeddingRows' in forModel(tinyTokenizer(), {}, 257)).toBe(false);
});
