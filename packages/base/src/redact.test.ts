import { describe, expect, it } from 'vitest';
import { DpoError } from './error.js';
import { keepSecret, keepSecretsOf, redact, redactDeep } from './redact.js';

describe('redact', () => {
  it.each([
    ['https://user:pass@host/path', 'https://***@host/path'],
    ['https://token@host', 'https://***@host'],
    ['at http://me:p@s/s@host:80/x, twice', 'at http://***@host:80/x, twice'],
    ["'https://a.b/c?X-Amz-Signature=0123&sig=4' (403)", "'https://a.b/c?***' (403)"],
    ['Authorization: Bearer abcdefgh.ijk', 'Authorization: Bearer ***'],
    ['authorization: Basic dXNlcjpwYXNz"', 'authorization: Basic ***"'],
    ['token hf_abcDEF123456 refused', 'token *** refused'],
    ['https://host:8080/org/name@v2 is fine', 'https://host:8080/org/name@v2 is fine'],
    ['https://host/@scope/name and a@b.c', 'https://host/@scope/name and a@b.c'],
    ['why? because', 'why? because'],
  ])('makes %s to %s', (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it('removes every part of six letters of a known secret, whatever surrounds or escapes the part', () => {
    keepSecret('QmZ4-x8"kW2p\n9rTv/Lu7e');
    expect(redact('a QmZ4-x b')).toBe('a *** b');
    expect(redact('aQmZ4-x8"kW2pb')).toBe('a***b');
    expect(redact(JSON.stringify('QmZ4-x8"kW2p\n9rTv/Lu7e'))).toBe('"***"');
    expect(redact(encodeURIComponent('kW2p\n9rTv/Lu7e'))).toBe('***');
    expect(redact('QmZ4- and Lu7e')).toBe('QmZ4- and Lu7e'); // five letters and four
  });

  it('recognises the secrets of an environment by the names and the forms of its variables', () => {
    keepSecretsOf({
      SOME_API_KEY: 'Kx71mQz0aa',
      HF_TOKEN: ' Vb93nWy2bb\n',
      HTTPS_PROXY: 'me:Pr0xyPazz@proxy:3128',
      PIP_EXTRA_INDEX_URL: 'https://a:Ind3xPazz@one/simple https://Tok3nAl0ne@two/simple',
      MAIL: 'somebody@example.org',
      UNSET: undefined,
    });
    const text = 'Kx71mQz0aa Vb93nWy2bb Pr0xyPazz Ind3xPazz Tok3nAl0ne somebody';
    expect(redact(text)).toBe('*** *** *** *** *** somebody');
    expect(redact(btoa('me:Pr0xyPazz'))).toBe('***');
  });

  it('takes time in proportion to a hostile text', () => {
    for (const part of ['://', '://a:', '://a?', 'Bearer ', 'a', '://a:b/']) {
      expect(redact(part.repeat(20_000)).length).toBeGreaterThan(0);
    }
  });
});

describe('redactDeep', () => {
  it('returns a value without secrets itself', () => {
    const value = { a: [1, 'x', null], error: new Error('y') };
    expect(redactDeep(value)).toBe(value);
  });

  it('copies a value with secrets, through lists, objects, errors, their causes and circles', () => {
    const inner = Object.assign(new TypeError('at https://u:p@h/'), { url: 'https://u:p@h/', code: 'E' });
    const outer = new AggregateError([inner], 'clean', { cause: inner });
    const value: Record<string, unknown> = { list: ['https://u:p@h/', 1], outer };
    value.self = value;
    const copy = redactDeep(value) as { list: unknown[]; outer: AggregateError };
    expect(copy.list).toEqual(['https://***@h/', 1]);
    expect(copy.outer).toBeInstanceOf(AggregateError);
    for (const error of [copy.outer.cause, copy.outer.errors[0]] as (Error & Record<string, unknown>)[]) {
      expect(error).toBeInstanceOf(TypeError);
      expect([error.message, error.url, error.code]).toEqual(['at https://***@h/', 'https://***@h/', 'E']);
      expect(error.stack).not.toContain('u:p@');
    }
    expect(inner.message).toBe('at https://u:p@h/');
  });
});

it('a DpoError carries no secret in any of its parts', () => {
  keepSecret('Zq81-secret-Yx');
  const error = new DpoError('a.b', 'No Zq81-secret-Yx.', {
    values: { token: 'Zq81-secret-Yx', list: [{ address: 'https://u:p@h' }] },
    hint: 'Change Zq81-secret-Yx.',
    cause: new Error('Zq81-secret-Yx is no header'),
  });
  expect(error.message).toBe('No ***.');
  expect(error.values).toEqual({ token: '***', list: [{ address: 'https://***@h' }] });
  expect(error.hint).toBe('Change ***.');
  expect((error.cause as Error).message).toBe('*** is no header');
  expect(`${error.stack} ${(error.cause as Error).stack}`).not.toContain('secret');
});
