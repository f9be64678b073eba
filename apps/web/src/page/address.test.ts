import { expect, it } from 'vitest';
import { addressOf } from './address.js';

const query = (address: string) => `?${new URLSearchParams({ model: address })}`;

it('takes an address of http or https, whose origin alone enters the policy', () => {
  expect(addressOf(query('https://models.example:8443/tiny/main?x=1'))?.origin).toBe('https://models.example:8443');
  expect(addressOf(query('http://127.0.0.1:9000/tiny/'))?.href).toBe('http://127.0.0.1:9000/tiny/');
});

it.each([
  '',
  'tiny',
  'data:text/plain,x',
  'javascript:1',
  'file:///etc/passwd',
  "https://a b'; script-src *",
  'https://a;sandbox',
  "https://a'/",
])('takes %j for no address', (address) => {
  expect(addressOf(query(address))).toBeUndefined();
});

it('takes a page without a query for no address', () => {
  expect(addressOf('')).toBeUndefined();
});
