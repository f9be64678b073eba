import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tinyTokenizer } from '../test/index.js';
import { loadTokenizer } from './load-tokenizer.js';
import { createTokenizer } from './tokenizer.js';

const withFiles = (change: Record<string, string>): ReturnType<typeof createTokenizer> =>
  createTokenizer({ ...tinyTokenizer({ chat: true }).files, ...change });

describe('a byte-level tokenizer', () => {
  const tokenizer = tinyTokenizer();

  it('gives each byte its id', () => {
    expect(tokenizer.encode('Hi\n')).toEqual([72, 105, 10]);
    expect(tokenizer.encode('é')).toEqual([0xc3, 0xa9]);
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.vocabSize).toBe(257);
    expect(tokenizer.eosTokenId).toBe(256);
  });

  it('decodes ids to the original text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const ids = tokenizer.encode(text);
        expect(ids).toEqual([...new TextEncoder().encode(text)]);
        expect(tokenizer.decode(ids)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('encodes special tokens in a text, and leaves them out of it on demand', () => {
    const ids = tokenizer.encode('a<|endoftext|>');
    expect(ids).toEqual([97, 256]);
    expect(tokenizer.decode(ids)).toBe('a<|endoftext|>');
    expect(tokenizer.decode(Int32Array.from(ids), { skipSpecialTokens: true })).toBe('a');
    expect(tokenizer.decode([])).toBe('');
  });

  it('has no text for ids beyond the vocabulary, and cleans no spaces up', () => {
    expect(tokenizer.decode([97, 5000, 98])).toBe('ab');
    expect(tokenizer.decode(tokenizer.encode("a . b , don 't"))).toBe("a . b , don 't");
  });
});

describe('the prefix of a prompt', () => {
  it('is what the post-processor adds', () => {
    expect(tinyTokenizer().bosPrefix).toEqual([]);
    expect(tinyTokenizer({ bos: true }).bosPrefix).toEqual([256]);
    expect(tinyTokenizer({ bos: true }).encode('a')).toEqual([97]);
  });

  it('is overruled by add_bos_token', () => {
    const config = (value: boolean): string => JSON.stringify({ bos_token: '<|endoftext|>', add_bos_token: value });
    const plain = tinyTokenizer().files;
    const withBos = tinyTokenizer({ bos: true }).files;
    expect(createTokenizer({ ...plain, 'tokenizer_config.json': config(true) }).bosPrefix).toEqual([256]);
    expect(createTokenizer({ ...withBos, 'tokenizer_config.json': config(true) }).bosPrefix).toEqual([256]);
    expect(createTokenizer({ ...withBos, 'tokenizer_config.json': config(false) }).bosPrefix).toEqual([]);
  });
});

describe('a chat template', () => {
  const user = { role: 'user', content: 'Hello?' };
  const answer = { role: 'assistant', content: 'Hi.' };

  it('divides a conversation into prompt and answer', () => {
    const { chat } = tinyTokenizer({ chat: true });
    expect(chat?.prompt([user])).toBe('<|im_start|>user\nHello?<|im_end|>\n<|im_start|>assistant\n');
    expect(chat?.answer([user], [answer])).toBe('Hi.<|im_end|>');
  });

  it('keeps the turns within an answer of several messages', () => {
    const { chat } = tinyTokenizer({ chat: true });
    expect(chat?.answer([user], [answer, user, { role: 'assistant', content: 'Yes.' }])).toBe(
      'Hi.<|im_end|>\n<|im_start|>user\nHello?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>',
    );
  });

  it('is right about an answer with a special token in its text', () => {
    const { chat } = tinyTokenizer({ chat: true });
    const content = 'Say <|im_end|> twice';
    expect(chat?.answer([user], [{ role: 'assistant', content }])).toBe(`${content}<|im_end|>`);
  });

  it('ends an answer that the template trims', () => {
    const tokenizer = withFiles({
      'chat_template.jinja': '{% for m in messages %}{{ m.content | trim }}<|im_end|>\n{% endfor %}',
    });
    expect(tokenizer.chat?.answer([user], [{ role: 'assistant', content: ' Hi. ' }])).toBe('Hi.<|im_end|>');
  });

  it('leaves an answer whole when the template writes no token after it', () => {
    const tokenizer = withFiles({
      'chat_template.jinja': '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}',
    });
    expect(tokenizer.chat?.answer([user], [answer])).toBe('assistant: Hi.\n');
  });

  it('gets the special tokens by name, and may be one of several templates', () => {
    const template = [
      { name: 'tool_use', template: 'no' },
      { name: 'default', template: '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}' },
    ];
    const config = { bos_token: { content: '<|im_start|>' }, eos_token: '<|im_end|>', chat_template: template };
    const tokenizer = withFiles({ 'tokenizer_config.json': JSON.stringify(config) });
    expect(tokenizer.chat?.prompt([user])).toBe('<|im_start|>Hello?<|im_end|>');
  });

  it('is refused when the answer does not follow the prompt', () => {
    const template =
      '{% if add_generation_prompt %}A{% else %}B{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}';
    const tokenizer = withFiles({ 'chat_template.jinja': template });
    expect(() => tokenizer.chat?.answer([user], [answer])).toThrow(
      expect.objectContaining({ code: 'tokenizer.template-mismatch' }),
    );
  });

  it('passes a template’s own error on', () => {
    const tokenizer = withFiles({ 'chat_template.jinja': "{{ raise_exception('No system turns.') }}" });
    expect(() => tokenizer.chat?.prompt([user])).toThrow(
      expect.objectContaining({
        code: 'tokenizer.template-failed',
        message: expect.stringContaining('No system turns.'),
      }),
    );
  });

  it('is absent when the files have none', () => {
    expect('chat' in tinyTokenizer()).toBe(false);
  });
});

describe('a tokenizer’s files', () => {
  it('may be GPT-2’s vocab.json and merges.txt', async () => {
    const vocab = JSON.stringify({ a: 0, b: 1, ab: 2, '<|endoftext|>': 3 });
    const tokenizer = await loadTokenizer({ 'vocab.json': vocab, 'merges.txt': '#version: 0.2\na b\n' });
    expect(tokenizer.encode('abba<|endoftext|>')).toEqual([2, 1, 0, 3]);
    expect(tokenizer.eosTokenId).toBe(3);
  });

  it('are an error when they are missing or damaged', async () => {
    await expect(loadTokenizer({})).rejects.toMatchObject({ code: 'tokenizer.not-found' });
    await expect(loadTokenizer('/nowhere/at/all')).rejects.toMatchObject({ code: 'file.not-found' });
    await expect(loadTokenizer({ 'tokenizer.json': '{' })).rejects.toMatchObject({ code: 'model.bad-json' });
    await expect(loadTokenizer({ 'tokenizer.json': '{"model":{"type":"Nonsense"}}' })).rejects.toMatchObject({
      code: 'tokenizer.unsupported',
    });
  });
});

describe('a damaged tokenizer.json', () => {
  const opener = (change: (json: Record<string, unknown>) => void) => {
    const json = JSON.parse(tinyTokenizer().files['tokenizer.json'] ?? '') as Record<string, unknown>;
    change(json);
    return () => createTokenizer({ 'tokenizer.json': JSON.stringify(json) });
  };
  const unsupported = expect.objectContaining({ code: 'tokenizer.unsupported' });

  it.each([1e9, -1, 0.5, 'x', null])('with the id %s is an error, soon', (id) => {
    const vocab = opener((json) => Object.assign((json.model as { vocab: object }).vocab, { x: id }));
    expect(vocab).toThrow(unsupported);
    const added = opener((json) => Object.assign((json.added_tokens as object[])[0] as object, { id }));
    expect(added).toThrow(unsupported);
  });

  it.each([
    { type: 'Replace', content: '' },
    { type: 'Replace', pattern: {}, content: '' },
  ])('with the pattern of %j is an error instead of another tokenizer', (part) => {
    expect(opener((json) => Object.assign(json, { normalizer: part }))).toThrow(unsupported);
  });

  it('has the tokens that tokenizer_config.json alone describes, unless their ids are impossible', () => {
    const { files } = tinyTokenizer();
    const withImageToken = (id: string) =>
      createTokenizer({
        'tokenizer.json': files['tokenizer.json'] ?? '',
        'tokenizer_config.json': JSON.stringify({
          added_tokens_decoder: { [id]: { content: '<image>', special: true } },
        }),
      });
    const tokenizer = withImageToken('300');
    expect(tokenizer.encode('a<image>')).toEqual([97, 300]);
    expect([tokenizer.decode([300]), tokenizer.vocabSize]).toEqual(['<image>', 301]);
    for (const id of ['1000000000', '-1', 'x']) expect(() => withImageToken(id)).toThrow(unsupported);
  });

  it('without a model or a vocabulary is an error', () => {
    expect(opener((json) => Object.assign(json, { model: null }))).toThrow(unsupported);
    expect(opener((json) => Object.assign(json.model as object, { vocab: ['a'] }))).toThrow(unsupported);
  });
});
