import { expect, it } from 'vitest';
import { disguiseOf } from './disguise.js';

const latin = (text: string) => Buffer.from(text, 'latin1');

it.each([
  ['the pointer of Git LFS', latin('version https://git-lfs.github.com/spec/v1\noid sha256:00'), 'lfs-pointer'],
  ['a zip archive', latin('PK\x03\x04\x14\x00'), 'zip'],
  // pickle.dumps({}, 2); pickle.dumps({'a': 1}, 4), whose frame has 10 bytes; torch.save begins with its magic number.
  ['a pickle of protocol 2', latin('\x80\x02}q\x00.'), 'pickle'],
  ['a pickle of protocol 4 with a frame', latin('\x80\x04\x95\n\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.'), 'pickle'],
  ['a file of PyTorch', latin('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'), 'pickle'],
  // A header of 0x280 bytes.
  ['safetensors whose length begins like a pickle', latin('\x80\x02\0\0\0\0\0\0{"a":{'), undefined],
  ['JSON', latin('{"prompt":'), undefined],
  ['nothing', latin(''), undefined],
])('%s', (_, start, disguise) => {
  expect(disguiseOf(start)).toBe(disguise);
});
