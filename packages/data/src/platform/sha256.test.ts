import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256, sha256Characters } from './sha256.js';
import { sha256Characters as charactersInBrowsers, sha256 as inBrowsers } from './sha256-in-browsers.js';

it('is the SHA-256 of FIPS 180-2’s first example, in Node and in browsers', () => {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect([sha256().update('abc').hex(), inBrowsers().update('a').update('bc').hex()]).toEqual([abc, abc]);
});

it('can be copied, and both copies go on independently', () => {
  for (const begin of [sha256, inBrowsers]) {
    const first = begin().update('a');
    const second = first.copy().update('bc');
    expect([first.update('b').hex(), second.hex()]).toEqual(['ab', 'abc'].map((text) => sha256().update(text).hex()));
  }
});

it('is the same in browsers for any texts, half characters too', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const [node, browser] = [sha256(), inBrowsers()];
      for (const text of [...texts, '\ud800']) {
        node.update(text);
        browser.update(text);
      }
      const bytes = [...node.bytes()];
      expect([...browser.bytes()]).toEqual(bytes);
      const whole = `${texts.join('')}\ud800`;
      expect(charactersInBrowsers(whole)).toBe(sha256Characters(whole));
      expect(Array.from(sha256Characters('abc'), (character) => character.charCodeAt(0)).slice(0, 2)).toEqual([
        0xba, 0x78,
      ]);
    }),
    { numRuns: 25 },
  );
});
