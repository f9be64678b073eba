import { expect, it } from 'vitest';
import { failureOf } from './chat-failure.js';

const kindOf = (status: number, body: string) => failureOf(status, new Headers(), body).kind;

it.each([
  [400, '{"error":{"code":"content_filter","message":"The response was filtered"}}', 'filtered'],
  [403, '{"error":{"message":"Your input was flagged","metadata":{"flagged_input":"…"}}}', 'filtered'],
  [403, '{"error":{"code":"content_filter"}}', 'filtered'],
  [403, '{"error":{"message":"Country not supported"}}', 'unauthorised'],
  [401, '{"error":{"message":"Incorrect API key"}}', 'unauthorised'],
  [429, '{"error":{"type":"insufficient_quota"}}', 'no-quota'],
  [429, '', 'limited'],
  [502, '<html><title>Bad gateway</title></html>', 'server'],
])('HTTP %i with %s is %s', (status, body, kind) => {
  expect(kindOf(status, body)).toBe(kind);
});
