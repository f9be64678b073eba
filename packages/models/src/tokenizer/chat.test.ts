import type { DpoError } from '@dpo/base';
import { describe, expect, it } from 'vitest';
import { type Chat, chatOf } from './chat.js';

const user = { role: 'user', content: 'Hello?' };
const tokens = ['<s>', '</s>', '<|im_start|>', '<|im_end|>', '<|call|>'];
const special = {
  bosId: undefined,
  eosId: undefined,
  padId: undefined,
  byRole: { bos_token: '<s>', eos_token: '</s>' },
  texts: new Set(tokens),
};
const chatml =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}' +
  '{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

function chatFrom(files: Readonly<Record<string, string>>, config = {}, ends: readonly string[] = []): Chat {
  const chat = chatOf(files, config, special, { where: 'MODEL', ends });
  if (chat === undefined) throw new Error('There is no chat template.');
  return chat;
}

const withTemplate = (template: string, ends?: readonly string[]): Chat =>
  chatFrom({ 'chat_template.jinja': template }, {}, ends);

function answerOf(chat: Chat, content: string): string {
  return chat.answer([user], [{ role: 'assistant', content }]);
}

function errorOf(run: () => unknown): DpoError {
  try {
    run();
  } catch (error) {
    return error as DpoError;
  }
  throw new Error('It did not fail.');
}

describe('the end of an answer', () => {
  it.each(['end', 'd', 'im_end|>', '<|im_end|>', 'a<|im_end|>b', '', ' blank ', 'e\ue83af'])(
    'comes after the whole message %j',
    (content) => {
      expect(answerOf(withTemplate(chatml), content)).toBe(`${content}<|im_end|>`);
    },
  );

  it('is right when the template changes the message’s text', () => {
    const chat = withTemplate(chatml.replace('m.content', "m.content.split('</think>')[-1] | trim | upper"));
    expect(answerOf(chat, '<think>Hm.</think>\n the end ')).toBe('THE END<|im_end|>');
  });

  it('comes after the calls of tools, and after their last argument', () => {
    const chat = withTemplate(
      "{% for m in messages %}{{ m.content or '' }}{% for c in m.tool_calls or [] %}<|call|>{{ c.function | tojson }}{% endfor %}<|im_end|>\n{% endfor %}",
    );
    const call = { type: 'function', function: { name: 'add', arguments: { a: 'x', b: 2 } } };
    expect(chat.answer([user], [{ role: 'assistant', content: 'I add.', tool_calls: [call, call] }])).toBe(
      `I add.${'<|call|>{"name": "add", "arguments": {"a": "x", "b": 2}}'.repeat(2)}<|im_end|>`,
    );
    expect(chat.answer([user], [{ role: 'assistant', content: null, tool_calls: [call] }])).toBe(
      '<|call|>{"name": "add", "arguments": {"a": "x", "b": 2}}<|im_end|>',
    );
  });

  it('is a token that ends answers rather than another special token', () => {
    const template = chatml.replace('<|im_end|>\n', '<|call|></s><|im_end|>\n');
    expect(answerOf(withTemplate(template), 'Hi.')).toBe('Hi.<|call|>');
    expect(answerOf(withTemplate(template, ['</s>']), 'Hi.')).toBe('Hi.<|call|></s>');
    expect(answerOf(withTemplate(template, ['<|im_end|>', '</s>']), 'Hi.')).toBe('Hi.<|call|></s>');
  });

  it('is the last such token when the template refuses a marked message', () => {
    const template = chatml.replace(
      '{{ m.content }}',
      "{% if m.content | length > 6 %}{{ raise_exception('long') }}{% endif %}{{ m.content }}",
    );
    expect(answerOf(withTemplate(template), '</s>')).toBe('</s><|im_end|>');
  });
});

describe('the time in a template', () => {
  it('is the same for a prompt and its answers', () => {
    let minute = 0;
    const clock = (): Date => new Date(2026, 0, 1, 0, minute++);
    const files = { 'chat_template.jinja': `{{ strftime_now('%M') }} ${chatml}` };
    const chat = chatOf(files, {}, special, { where: 'MODEL', ends: [], now: clock }) as Chat;
    const prompt = [user];
    expect(chat.prompt(prompt)).toMatch(/^00 /);
    expect(answerOf(chat, 'Hi.')).toBe('Hi.<|im_end|>');
    expect(chat.answer(prompt, [{ role: 'assistant', content: 'Hi.' }])).toBe('Hi.<|im_end|>');
    expect(chat.prompt(prompt)).toMatch(/^01 /);
    // A longer prompt is another prompt.
    prompt.push({ role: 'assistant', content: 'A.' }, user);
    expect(chat.answer(prompt, [{ role: 'assistant', content: 'Hi.' }])).toBe('Hi.<|im_end|>');
    expect(chat.prompt(prompt)).toMatch(/^03 /);
  });
});

describe('variables', () => {
  it('replace special tokens; tools and documents are none by default', () => {
    const chat = withTemplate("{{ bos_token }}{{ tools is none }}{{ documents is none }}{{ mode | default('-') }}");
    expect(chat.prompt([user])).toBe('<s>TrueTrue-');
    expect(chat.prompt([user], { tools: [], documents: [{ text: 'a' }], mode: 1, bos_token: '!' })).toBe(
      '!FalseFalse1',
    );
  });

  it('of a message are all of its keys', () => {
    const chat = withTemplate('{% for m in messages %}{{ m }}{% endfor %}');
    const message = { role: 'tool', content: null, name: 'f', tool_call_id: 'x', extra: { a: [1, 2.5, true] } };
    expect(chat.prompt([message])).toBe(
      "{'role': 'tool', 'content': None, 'name': 'f', 'tool_call_id': 'x', 'extra': {'a': [1, 2.5, True]}}",
    );
  });
});

describe('several templates', () => {
  const configOf = (...names: string[]) => ({
    chat_template: names.map((name) => ({ name, template: `${name} of config` })),
  });

  it('are chosen by name: tool_use for conversations with tools, default for others', () => {
    const chat = chatFrom({}, configOf('rag', 'default', 'tool_use'));
    expect(chat.prompt([user])).toBe('default of config');
    expect(chat.prompt([user], { tools: [] })).toBe('tool_use of config');
    expect(chatFrom({}, configOf('rag', 'default')).prompt([user], { tools: [] })).toBe('default of config');
  });

  it('in files replace templates in the configuration', () => {
    const additional = { 'additional_chat_templates/tool_use.jinja': 'tools of file' };
    const both = chatFrom({ 'chat_template.jinja': 'of file', ...additional }, configOf('default', 'rag'));
    expect(both.prompt([user])).toBe('of file');
    expect(both.prompt([user], { tools: [] })).toBe('tools of file');
    expect(errorOf(() => chatFrom(additional, configOf('default')).prompt([user]))).toMatchObject({
      code: 'tokenizer.no-default-template',
    });
  });

  it('must include one with the name default', () => {
    const error = errorOf(() => chatFrom({}, configOf('rag', 'a')).prompt([user]));
    expect(error.code).toBe('tokenizer.no-default-template');
    expect(error.message).toContain('MODEL has several chat templates and none is named default: a, rag');
  });

  it('are not read from chat_template.json, and there is none without any file', () => {
    const files = { 'chat_template.json': JSON.stringify({ chat_template: chatml }) };
    expect(errorOf(() => chatFrom(files).prompt([user])).code).toBe('tokenizer.no-chat-template');
    expect(chatFrom({ ...files, 'chat_template.jinja': 'a' }).prompt([user])).toBe('a');
    expect(chatOf({}, {}, special, { where: 'MODEL', ends: [] })).toBeUndefined();
  });
});

describe('a template that fails', () => {
  it.each([
    [
      'tokenizer.template-failed',
      'raised',
      "a\n{{ raise_exception('Only users.') }}",
      'refuses the conversation (chat_template.jinja, line 2): Only users.',
    ],
    ['tokenizer.template-failed', 'syntax', '{% if %}', 'cannot be read (chat_template.jinja, line 1)'],
    [
      'tokenizer.template-failed',
      'runtime',
      '\n\n{{ nope.x }}',
      "failed (chat_template.jinja, line 3): 'nope' is undefined",
    ],
    [
      'tokenizer.template-limit',
      'limit',
      '{% for i in range(999999999) %}{% endfor %}',
      'does too much (chat_template.jinja, line 1): it goes beyond the limit of ranges of 100000 items',
    ],
  ])('is %s by %s', (code, fault, template, message) => {
    const error = errorOf(() => withTemplate(template).prompt([user]));
    expect(error).toMatchObject({ code, values: { fault, file: 'chat_template.jinja', roles: ['user'] } });
    expect(error.message).toContain(message);
  });

  it('names the template of the configuration', () => {
    const chat = chatFrom({}, { chat_template: [{ name: 'default', template: '{{ x.y }}' }] });
    expect(errorOf(() => chat.prompt([user])).message).toContain('(tokenizer_config.json, template default, line 1)');
  });

  it('refuses a conversation without messages', () => {
    expect(errorOf(() => withTemplate(chatml).prompt([])).code).toBe('tokenizer.empty-conversation');
  });
});
