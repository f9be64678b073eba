import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchModelFiles } from './fetch-model-files.js';

const files: Readonly<Record<string, string>> = {
  '/whole/config.json': '{}',
  '/whole/tokenizer.json': '{"version": "1.0"}',
  '/whole/model.safetensors': 'weights',
  '/parts/config.json': '{}',
  '/parts/model.safetensors.index.json':
    '{"weight_map": {"a": "two.safetensors", "b": "one.safetensors", "c": "one.safetensors"}}',
  '/parts/one.safetensors': '1',
  '/parts/two.safetensors': '2',
  '/torn/config.json': '{}',
  '/torn/model.safetensors.index.json': '{"weight_map": {"a": "one.safetensors"}}',
  '/bare/config.json': '{}',
  '/tiny.gguf': 'GGUF',
};
const server = createServer(({ url = '' }, response) => {
  const { pathname } = new URL(url, 'http://localhost');
  const text = files[pathname];
  if (pathname.startsWith('/broken/')) response.writeHead(500, 'Broken').end();
  else response.writeHead(text === undefined ? 404 : 200).end(text);
});
let address: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const texts = async (path: string) => {
  const blobs = await fetchModelFiles(`${address}${path}`);
  return Object.fromEntries(await Promise.all([...blobs].map(async ([name, blob]) => [name, await blob.text()])));
};

describe('fetchModelFiles', () => {
  it.each(['/whole', '/whole/', '/whole/config.json', '/whole/model.safetensors', '/whole/?download=true'])(
    'fetches the files of the folder at %s',
    async (path) => {
      expect(await texts(path)).toEqual({
        'config.json': '{}',
        'tokenizer.json': '{"version": "1.0"}',
        'model.safetensors': 'weights',
      });
    },
  );

  it('fetches all parts of a model, and a GGUF file alone', async () => {
    expect(Object.keys(await texts('/parts'))).toEqual([
      'config.json',
      'model.safetensors.index.json',
      'one.safetensors',
      'two.safetensors',
    ]);
    expect(await texts('/tiny.gguf')).toEqual({ 'tiny.gguf': 'GGUF' });
  });

  it.each([
    ['/nowhere', /nowhere\/config.json cannot be fetched: there is no such file\./],
    ['/bare', /bare\/model.safetensors cannot be fetched: there is no such file\./],
    ['/torn', /torn\/one.safetensors cannot be fetched: there is no such file\./],
    ['/broken', /broken\/config.json cannot be fetched: the answer is 500 Broken\./],
  ])('says which file of %s is missing', async (path, message) => {
    await expect(texts(path)).rejects.toMatchObject({
      code: 'model.fetch-failed',
      message: expect.stringMatching(message),
    });
  });

  it('counts the bytes of all files, and ends with its signal', async () => {
    const progress: [string, number][] = [];
    await fetchModelFiles(`${address}/whole`, { onProgress: (...each) => progress.push(each) });
    expect(progress.at(-1)).toEqual(['model.safetensors', 2 + 18 + 7]);
    await expect(
      fetchModelFiles(`${address}/whole`, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });
});
