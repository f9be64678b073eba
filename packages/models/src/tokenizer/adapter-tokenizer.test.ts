import { expect, it } from 'vitest';
import { adapterTokenizerFiles } from './adapter-tokenizer.js';

const config = (value: object) => JSON.stringify(value);
const base = {
  'tokenizer.json': 'base',
  'tokenizer_config.json': config({ eos_token: 'base', chat_template: 'base' }),
  'special_tokens_map.json': 'base',
  'generation_config.json': 'base',
};

it('uses a tokenizer beside the adapter whole, with the base’s defaults of generation', () => {
  const adapter = {
    'tokenizer.json': 'adapter',
    'tokenizer_config.json': config({}),
    'chat_template.jinja': 'adapter',
  };
  expect(adapterTokenizerFiles(base, adapter)).toEqual({ ...adapter, 'generation_config.json': 'base' });
});

it('uses a template beside the adapter in the place of every template of the base', () => {
  const adapter = { 'chat_template.jinja': 'adapter' };
  const files = adapterTokenizerFiles({ ...base, 'chat_template.json': config({ chat_template: 'base' }) }, adapter);
  expect(files['chat_template.jinja']).toBe('adapter');
  expect(JSON.parse(files['tokenizer_config.json'] ?? '')).toEqual({ eos_token: 'base' });
  expect(files).not.toHaveProperty(['chat_template.json']);
  expect(files['tokenizer.json']).toBe('base');
  const inConfig = { 'tokenizer_config.json': config({ chat_template: 'adapter' }) };
  expect(adapterTokenizerFiles({ ...base, 'chat_template.jinja': 'base' }, inConfig)).toEqual({ ...base, ...inConfig });
});

it('keeps the base’s template when the adapter has a tokenizer without a template', () => {
  const adapter = { 'tokenizer.json': 'adapter', 'tokenizer_config.json': config({}) };
  expect(adapterTokenizerFiles({ ...base, 'chat_template.jinja': 'base' }, adapter)['chat_template.jinja']).toBe(
    'base',
  );
  // The configuration is the adapter's, so the template in the base's configuration gets a file of its own.
  expect(adapterTokenizerFiles(base, adapter)['chat_template.jinja']).toBe('base');
});

it('keeps all of the base’s templates with names, and none of them beside a template of the adapter', () => {
  const templates = ['default', 'tool_use'].map((name) => ({ name, template: `${name} of base` }));
  const several = { ...base, 'tokenizer_config.json': config({ chat_template: templates }) };
  const files = adapterTokenizerFiles(several, { 'tokenizer.json': 'adapter' });
  expect(files).toEqual({
    'tokenizer.json': 'adapter',
    'generation_config.json': 'base',
    'chat_template.jinja': 'default of base',
    'additional_chat_templates/tool_use.jinja': 'tool_use of base',
  });
  expect(adapterTokenizerFiles(files, { 'chat_template.jinja': 'adapter' })).toEqual({
    'tokenizer.json': 'adapter',
    'generation_config.json': 'base',
    'chat_template.jinja': 'adapter',
  });
});

it('is the base’s when the adapter has no files', () => {
  expect(adapterTokenizerFiles(base, {})).toEqual(base);
});
