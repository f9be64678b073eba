import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Behaviour, wordsAlone } from '../../test/chat-server.js';
import type { Comparison } from '../judge.js';
import { chatBench, comparison, say } from './_chat-bench-for-tests.js';
import { replyCache } from './reply-cache.js';

const bench = chatBench();

describe('the cache', () => {
  const files = async () => (await readdir(bench.folder, { recursive: true })).filter((name) => name.endsWith('.json'));

  it('answers what was asked before, for nothing, and nothing else', async () => {
    bench.server.behave = wordsAlone(() => say('Verdict: A'));
    const judge = await bench.openJudge({ cache: replyCache(bench.folder) });
    await judge.ask(comparison, {});
    const requests = bench.server.requests.length;
    expect(await judge.ask(comparison, {})).toMatchObject({ verdict: 'first', cached: true, cost: 0 });
    expect(bench.server.requests).toHaveLength(requests);
    const others: Comparison[] = [
      { ...comparison, order: 1 },
      { ...comparison, repetition: 1 },
      { ...comparison, second: 'Three' },
    ];
    for (const other of others) expect(await judge.ask(other, {})).not.toHaveProperty('cached');
    const warmer = await bench.openJudge({ cache: replyCache(bench.folder), temperature: 1 });
    expect(await warmer.ask(comparison, {})).not.toHaveProperty('cached');
    expect(await files()).toHaveLength(5);
  });

  it.each<[string, () => Behaviour]>([
    ['errors', () => ({ status: 400, body: { error: { message: 'no' } } })],
    ['refusals by a filter', () => say('', { finish: 'content_filter' })],
    ['refusals', () => say(null, { message: { refusal: 'no' } })],
    ['cut replies', () => say('Verdict: A', { finish: 'length' })],
    ['empty replies', () => say('')],
  ])('does not keep %s', async (_, behave) => {
    await bench.askInWords(behave, { cache: replyCache(bench.folder) });
    expect(await files()).toEqual([]);
  });

  it('keeps a whole reply that says no label, which is not drawn again', async () => {
    expect(await bench.askInWords(() => say('Hm.'), { cache: replyCache(bench.folder) })).toMatchObject({
      verdict: 'unparsable',
    });
    expect(await files()).toHaveLength(1);
  });

  it('holds no key, though the server repeats it', async () => {
    const key = 'sk-Xt6PwQz9LmRb';
    const reply = await bench.askInWords(({ authorization }) => say(`${authorization}\nVerdict: A`), {
      cache: replyCache(bench.folder),
      key,
    });
    expect(reply.text).toBe('Bearer ***\nVerdict: A');
    for (const name of await files()) expect(await readFile(join(bench.folder, name), 'utf8')).not.toContain(key);
  });
});
