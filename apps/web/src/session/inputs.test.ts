import { expect, it } from 'vitest';
import { modelOfFiles } from './inputs.js';

const files = (...paths: string[]) => paths.map((path) => [path, new Blob([path])] as const);
const names = (...paths: string[]) => {
  const { name, files: inside } = modelOfFiles(files(...paths));
  return [name, [...inside.keys()]];
};

it('takes the folder of the configuration as the model, with folders below', () => {
  expect(names('downloads/tiny/config.json', 'downloads/tiny/model.safetensors', 'downloads/tiny/.git/config')).toEqual(
    ['tiny', ['config.json', 'model.safetensors']],
  );
  expect(names('tiny/additional_chat_templates/tool_use.jinja', 'tiny/config.json')).toEqual([
    'tiny',
    ['additional_chat_templates/tool_use.jinja', 'config.json'],
  ]);
});

it('takes files without a folder, and names a GGUF file', () => {
  expect(names('config.json', 'model.safetensors')).toEqual(['model', ['config.json', 'model.safetensors']]);
  expect(names('tiny.GGUF')).toEqual(['tiny', ['tiny.GGUF']]);
});

it('refuses several models, and no files', () => {
  expect(() => names('a/config.json', 'b/config.json')).toThrow('Several models were chosen: a, b/config.json.');
  expect(() => names('.git/config')).toThrow('No files were chosen');
});
