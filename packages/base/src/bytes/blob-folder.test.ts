import { describe, expect, it } from 'vitest';
import { blobFile } from './blob-file.js';
import { blobFolder } from './blob-folder.js';

const files = new Map([
  ['config.json', new Blob(['\ufeff{"a": "ä"}'])],
  ['templates/one.jinja', new Blob(['1'])],
  ['templates/two.jinja', new Blob(['22'])],
]);

describe('blobFolder', () => {
  const folder = blobFolder('model', files);

  it('lists the names of files and folders, and the names within a folder', async () => {
    expect(await folder.names()).toEqual(['config.json', 'templates']);
    expect(await folder.names('templates')).toEqual(['one.jinja', 'two.jinja']);
    expect(await folder.names('template')).toEqual([]);
    expect(await folder.has('templates')).toBe(true);
    expect(await folder.has('template')).toBe(false);
    expect(await folder.has('config.json')).toBe(true);
  });

  it('reads texts with a mark of the byte order, as Node does', async () => {
    expect(await folder.text('config.json')).toBe('\ufeff{"a": "ä"}');
    expect(await folder.text('model.safetensors')).toBeUndefined();
  });

  it('names a missing file by its path in the folder', async () => {
    await expect(folder.open('model.safetensors')).rejects.toMatchObject({
      code: 'file.not-found',
      values: { path: 'model/model.safetensors' },
    });
    const file = await folder.open('templates/two.jinja');
    expect([file.path, file.size]).toEqual(['model/templates/two.jinja', 2]);
  });
});

describe('blobFile', () => {
  it('reads ranges, and refuses those that go past the end', async () => {
    const file = blobFile('five', new Blob([Uint8Array.of(1, 2, 3, 4, 5)]));
    expect([...(await file.read(1, 3))]).toEqual([2, 3, 4]);
    const target = new Uint8Array(2);
    await file.readInto(3, target);
    expect([...target]).toEqual([4, 5]);
    await expect(file.read(4, 2)).rejects.toMatchObject({ code: 'model.truncated-file' });
    await expect(file.readInto(-1, target)).rejects.toMatchObject({ code: 'model.truncated-file' });
  });

  it('says what to do when the browser no longer reads the file', async () => {
    const removed = {
      size: 4,
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error('A requested file could not be found')) }),
    };
    await expect(blobFile('weights', removed).read(0, 4)).rejects.toMatchObject({
      code: 'file.unreadable',
      message: 'weights cannot be read any more: A requested file could not be found',
    });
  });
});
