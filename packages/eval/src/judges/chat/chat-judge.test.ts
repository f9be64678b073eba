import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Asked,
  type Behaviour,
  ChatServer,
  completion,
  isTrial,
  topLogprobs,
  wordsAlone,
} from '../../test/chat-server.js';
import type { Comparison } from '../judge.js';
import { judgeTemplate } from '../template.js';
import { type ChatJudgeOptions, chatJudge } from './chat-judge.js';
import { ledger } from './ledger.js';
import { replyCache } from './reply-cache.js';

const comparison: Comparison = { prompt: 'Post', first: 'One', second: 'Two', order: 0, repetition: 0 };
const template = judgeTemplate('helpful');
const labels = template.labels;

let server: ChatServer;
let address: string;
let folder: string;
let sleeps: number[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-chat-'));
  server = new ChatServer(() => ({ body: completion('Verdict: A') }));
  address = await server.start();
  sleeps = [];
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A judge whose waits take no time, and whose jitter is half of what it may be. */
function open(options: Partial<ChatJudgeOptions> = {}) {
  let now = 0;
  return chatJudge({
    ...{ address, model: 'judge', template, ledger: ledger({ price: undefined, maxCost: undefined }) },
    clock: {
      now: () => now,
      sleep: async (milliseconds) => {
        sleeps.push(Math.round(milliseconds));
        now += milliseconds;
      },
    },
    random: () => 0.5,
    ...options,
  });
}

/** Asks a judge that talks in words, of a server that behaves so. */
async function askInWords(behave: (asked: Asked, count: number) => Behaviour, options: Partial<ChatJudgeOptions> = {}) {
  let count = 0;
  server.behave = wordsAlone((asked) => behave(asked, ++count));
  const judge = await open(options);
  server.asked.length = 0;
  return judge.ask(comparison, {});
}
const say = (content: string | null, more = {}): Behaviour => ({ body: completion(content, more) });
const first = { verdict: 'first' };

describe('a server that wants to be left alone', () => {
  it.each([
    ['retry-after in seconds', { 'retry-after': '7' }, 7500],
    ['retry-after-ms', { 'retry-after': '90', 'retry-after-ms': '1250' }, 1750],
    ['no time', {}, 500],
  ])('429 with %s', async (_, headers, waited) => {
    const told: string[] = [];
    const reply = await askInWords(
      (__, count) =>
        count === 1 ? { status: 429, headers, body: { error: { message: 'slow down' } } } : say('Verdict: A'),
      { onWait: ({ because }) => told.push(because) },
    );
    expect(reply).toMatchObject(first);
    // The throttle and the question both wait for the same time; the clock has passed it for the second of them.
    expect(sleeps).toEqual([waited]);
    expect(told).toEqual(['limited (HTTP 429): slow down']);
  });

  it('500, twice as long each time, and is lost after so many attempts', async () => {
    const reply = await askInWords((_, count) => (count < 4 ? { status: 500, body: 'oops' } : say('Verdict: A')));
    expect([reply.verdict, sleeps]).toEqual(['first', [500, 1000, 2000]]);
    sleeps = [];
    const lost = await askInWords(() => ({ status: 503, body: { error: 'loading model' } }), { attempts: 3 });
    expect(lost).toMatchObject({ verdict: 'failed', reason: 'server (HTTP 503): loading model' });
    expect(sleeps).toEqual([500, 1000]);
  });

  it('a reply that is cut', async () => {
    const reply = await askInWords((_, count) => ({ ...say('Verdict: A'), cut: count === 1 }));
    expect([reply.verdict, server.asked.length]).toEqual(['first', 2]);
  });

  it('a reply that does not end', async () => {
    const reply = await askInWords((_, count) => ({ ...say('Verdict: A'), stall: count === 1 }), { timeout: 700 });
    expect([reply.verdict, server.asked.length]).toEqual(['first', 2]);
  });

  it('is given up after five questions in a row without a reply', async () => {
    server.behave = wordsAlone(() => ({ status: 500, body: 'down' }));
    const judge = await open({ attempts: 1 });
    const ask = () => judge.ask(comparison, {});
    for (let i = 0; i < 4; i++) expect(await ask()).toMatchObject({ verdict: 'failed' });
    await expect(ask()).rejects.toMatchObject({ code: 'judge.unreachable' });
  });
});

describe('what is wrong is said at the first question', () => {
  const html = '<!doctype html><html><title>Welcome</title></html>';
  it.each<[string, Behaviour, string, string]>([
    ['HTML', { body: html }, 'judge.not-an-endpoint', 'an HTML page ("Welcome")'],
    ['HTML of status 404', { status: 404, body: html }, 'judge.not-an-endpoint', 'Welcome'],
    ['404', { status: 404, body: { detail: 'Not Found' } }, 'judge.not-an-endpoint', 'Not Found'],
    [
      'an error of status 200',
      { body: { error: 'Unexpected endpoint or method.' } },
      'judge.not-an-endpoint',
      'Unexpected',
    ],
    ['401', { status: 401, body: { error: { message: 'Bad key' } } }, 'judge.unauthorised', 'wants a key'],
    [
      'no quota',
      { status: 429, body: { error: { message: 'x', code: 'insufficient_quota' } } },
      'judge.no-quota',
      'money',
    ],
  ])('%s', async (_, behaviour, code, says) => {
    server.behave = () => behaviour;
    await expect(open()).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
    expect(server.asked).toHaveLength(1);
  });

  it('says /v1 where it is missing', async () => {
    server.behave = () => ({ status: 404, body: 'File Not Found' });
    const root = address.replace('/v1', '');
    await expect(open({ address: root })).rejects.toMatchObject({ hint: expect.stringContaining(`${root}/v1`) });
    await expect(open()).rejects.toMatchObject({ hint: expect.stringContaining('OpenAI-compatible') });
  });

  it.each([
    ['OpenAI', 404, { error: { message: 'The model `judge` does not exist', code: 'model_not_found' } }],
    ['vLLM', 404, { object: 'error', message: 'The model `judge` does not exist.', code: 404 }],
    ['Ollama', 404, { error: { message: "model 'judge' not found" } }],
    ['LM Studio', 400, { error: { message: 'No models loaded. Please load a model.' } }],
  ])('an unknown model of %s, with the nearest known', async (_, status, body) => {
    server.behave = ({ path }) =>
      path.endsWith('/models') ? { body: { data: [{ id: 'judge-7b' }, { id: 'judges' }] } } : { status, body };
    await expect(open()).rejects.toMatchObject({
      code: 'judge.unknown-model',
      hint: expect.stringMatching(/Did you mean judges\?.*judge-7b/),
    });
  });

  it('an address where nobody answers, soon', async () => {
    await server.stop();
    await expect(open()).rejects.toMatchObject({ code: 'judge.unreachable' });
    expect(sleeps).toHaveLength(1);
    address = await server.start();
  });

  it('a wrong key, without saying it', async () => {
    server.behave = ({ authorization }) => ({ status: 401, body: { error: { message: `Bad: ${authorization}` } } });
    const key = 'sk-Xt6PwQz9LmRb';
    const error = await open({ key, keyName: 'JUDGE_KEY' }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'judge.unauthorised', message: expect.stringContaining('JUDGE_KEY') });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain(key);
    expect(server.asked[0]?.authorization).toBe(`Bearer ${key}`);
  });

  it('a model without a verdict', async () => {
    server.behave = () => say('I would rather not.');
    await expect(open()).rejects.toMatchObject({
      code: 'judge.no-verdict',
      hint: expect.stringContaining('rather not'),
    });
  });
});

describe('replies as servers send them', () => {
  it.each<[string, Behaviour, object]>([
    ['<think> with a trial verdict', say('<think>Verdict: B?</think>Verdict: A'), first],
    ['fenced JSON', say('```json\n{"verdict": "A"}\n```'), first],
    ['raw line breaks in JSON', say('{"reason": "one\ntwo", "verdict": "A"}'), first],
    ['lower-case labels', say('verdict: a'), first],
    [
      'both labels',
      say('Verdict: A or B'),
      { verdict: 'unparsable', reason: expect.stringContaining('two different') },
    ],
    ['a list of parts', say(null, { message: { content: [{ type: 'text', text: 'Verdict: A' }] } }), first],
    ['no usage', say('Verdict: A', { usage: null }), { ...first, prompt_tokens: undefined }],
    ['another model', say('Verdict: A', { model: 'judge-0613' }), { ...first, judge_reported: 'judge-0613' }],
    ['a refusal', say(null, { message: { refusal: 'I cannot.' } }), { verdict: 'refused', reason: 'I cannot.' }],
    ['a filter', say('', { finish: 'content_filter' }), { verdict: 'refused' }],
    [
      'a filter of status 400',
      { status: 400, body: { error: { message: 'content management policy', code: 'content_filter' } } },
      { verdict: 'refused' },
    ],
    [
      'a question that is too long',
      { status: 400, body: { error: { message: 'maximum context length' } } },
      { verdict: 'failed', reason: 'refused (HTTP 400): maximum context length' },
    ],
  ])('%s', async (_, behaviour, expected) => {
    expect(await askInWords(() => behaviour)).toMatchObject(expected);
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ['reasoning', { reasoning: 'Verdict: B' }],
    ['reasoning_content', { reasoning_content: 'Verdict: B' }],
  ])('null with %s: asked once more with twice the room', async (_, message) => {
    const reply = await askInWords((__, count) =>
      count === 1 ? say(null, { message }) : say('Verdict: A', { message }),
    );
    expect(reply).toMatchObject(first);
    expect(server.asked.map(({ body }) => body.max_tokens)).toEqual([1024, 2048]);
  });

  it('cut at the length limit: once more with twice the room, then unparsable, never drawn again', async () => {
    const cut = say('Verdict: A', { finish: 'length' });
    expect(await askInWords((_, count) => (count === 1 ? cut : say('Verdict: B')))).toMatchObject({
      verdict: 'second',
    });
    expect(await askInWords(() => cut)).toMatchObject({ verdict: 'unparsable', finish_reason: 'length' });
    expect(server.asked).toHaveLength(2);
    expect(await askInWords(() => say(''))).toMatchObject({ verdict: 'unparsable', reason: 'The reply is empty.' });
    expect(server.asked).toHaveLength(2);
    expect(await askInWords(() => say('Hm.'))).toMatchObject({ verdict: 'unparsable', text: 'Hm.' });
    expect(server.asked).toHaveLength(1);
  });
});

describe('how a verdict is asked for', () => {
  const red = { A: -0.1, B: -3 };
  const rungOf = async (behave: (asked: Asked) => Behaviour) => {
    server.behave = behave;
    return (await open()).manner.rung.name;
  };
  const refuse = (message: string): Behaviour => ({ status: 400, body: { error: { message } } });
  const words = ({ text }: Asked) => say(/sea/.test(text) ? 'The sea is wide.' : 'Verdict: A');

  it('by log-probabilities, where the reply has them', async () => {
    server.behave = (asked) =>
      say('A', { logprobs: topLogprobs(isTrial(asked) ? red : { ' a': -1, B: -0.5, C: -2 }), finish: 'length' });
    const judge = await open();
    const [a, b] = [Math.exp(-1), Math.exp(-0.5)];
    const reply = await judge.ask(comparison, {});
    expect(reply).toMatchObject({ verdict: 'second', rung: 'logprobs' });
    expect(reply.p_first).toBeCloseTo(a / (a + b), 12);
    expect(reply.label_mass).toBeCloseTo(a + b, 12);
    expect(server.asked.at(-1)?.body).toMatchObject({
      logprobs: true,
      top_logprobs: 20,
      max_tokens: 4,
      temperature: 0,
    });
  });

  it.each<[string, object | null]>([
    ['missing', null],
    ['null', topLogprobs({ A: null, B: null })],
    ['−9999', topLogprobs({ A: -9999, B: -9999 })],
    ['of other words', topLogprobs({ I: -0.1, The: -3, A: -6 })],
  ])('log-probabilities that are %s are none', async (_, logprobs) => {
    expect(await rungOf(() => say('Verdict: A', { logprobs }))).toBe('text');
  });

  it('a judge whose log-probabilities fail at a question says so', async () => {
    server.behave = (asked) => say('I', { logprobs: topLogprobs(isTrial(asked) ? red : { I: -0.1, A: -7 }) });
    const judge = await open();
    expect(await judge.ask(comparison, {})).toMatchObject({ verdict: 'unparsable', label_mass: Math.exp(-7) });
  });

  it('by a JSON schema in the shape of OpenAI, or of llama.cpp', async () => {
    const json = say('{"reason": "so", "verdict": "A"}');
    const formats = (type: string) => (asked: Asked) => {
      const format = asked.body.response_format as { type: string; schema?: unknown } | undefined;
      if (asked.body.logprobs !== undefined) return refuse('logprobs are not supported');
      if (format?.type === 'json_object' && type !== 'json_object')
        return refuse("'response_format.type' must be 'json_schema' or 'text'"); // as LM Studio
      return format?.type === type ? json : words(asked);
    };
    expect(await rungOf(formats('json_schema'))).toBe('json_schema');
    expect(await rungOf(formats('json_object'))).toBe('json_object_schema');
  });

  it('a format that is ignored, or refused, leads on', async () => {
    expect(await rungOf(words)).toBe('text');
    expect(
      await rungOf((asked) => (asked.body.response_format === undefined ? words(asked) : refuse('no formats'))),
    ).toBe('text');
    // Fenced JSON that a model writes by itself is no sign of a format that is kept.
    expect(
      await rungOf((asked) =>
        asked.body.response_format === undefined ? words(asked) : say('```json\n{"verdict":"A"}\n```'),
      ),
    ).toBe('text');
  });

  it("by vLLM's choice", async () => {
    const rung = await rungOf((asked) => {
      if (asked.body.response_format !== undefined) return refuse('no');
      return asked.body.structured_outputs === undefined ? words(asked) : say('B');
    });
    expect(rung).toBe('choice');
    expect(server.asked.at(-1)?.body.structured_outputs).toEqual({ choice: labels });
  });

  it('by the one way that was named', async () => {
    server.behave = words;
    expect((await open({ rung: 'text' })).manner.rung.name).toBe('text');
    expect(server.asked).toHaveLength(1);
  });

  it('with the names and values that the model takes', async () => {
    server.behave = (asked) => {
      if (asked.body.max_tokens !== undefined)
        return refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
      if (asked.body.temperature !== undefined) return refuse("Unsupported value: 'temperature' does not support 0");
      return asked.body.logprobs === undefined
        ? words(asked)
        : refuse('logprobs are not supported with reasoning models');
    };
    const judge = await open();
    expect(judge.manner).toMatchObject({ lengthKey: 'max_completion_tokens', temperature: undefined });
    await judge.ask(comparison, {});
    expect(server.asked.at(-1)?.body).toMatchObject({ max_completion_tokens: 1024 });
    expect(server.asked.at(-1)?.body).not.toHaveProperty('temperature');
  });
});

describe('money', () => {
  const price = { input: 10, output: 100 }; // to a million tokens
  const asking = (maxCost: number | undefined) => ledger({ price, maxCost });

  it('is counted by the tokens of the reply, both replies where two were needed', async () => {
    const own = asking(undefined);
    const reply = await askInWords((_, count) => say(count === 1 ? '' : 'Verdict: A'), { ledger: own });
    expect(reply.cost).toBeCloseTo((2 * (10 * 100 + 100 * 10)) / 1e6, 12);
    // The trial in words cost as much as one reply; the refused ones nothing.
    expect(own.spent()).toBeCloseTo((3 * 2000) / 1e6, 12);
  });

  it('is counted at its most where the reply does not say its tokens', async () => {
    const own = asking(undefined);
    const reply = await askInWords(() => say('Verdict: A', { usage: null }), { ledger: own });
    expect(reply.cost).toBeGreaterThan((100 * 1024) / 1e6);
  });

  it('is counted at its most for replies that were lost on the way, and not for those that were refused', async () => {
    const own = asking(undefined);
    const most = (1024 * 100) / 1e6;
    const cut = await askInWords((_, count) => ({ ...say('Verdict: A'), cut: count === 1 }), { ledger: own });
    expect(cut.cost).toBeGreaterThan(most);
    const lost = await askInWords(() => ({ ...say('Verdict: A'), cut: true }), { ledger: own, attempts: 3 });
    expect(lost).toMatchObject({ verdict: 'failed' });
    expect(lost.cost).toBeGreaterThan(3 * most);
    const refused = await askInWords((_, count) => (count === 1 ? { status: 500, body: 'oops' } : say('Verdict: A')), {
      ledger: own,
    });
    expect(refused.cost).toBeCloseTo(0.002, 12);
    const spent = own.spent();
    // An attempt that the rest cannot pay is not made.
    const tight = ledger({ price, maxCost: 2 * most });
    await expect(askInWords(() => ({ ...say('Verdict: A'), cut: true }), { ledger: tight })).rejects.toMatchObject({
      code: 'judge.max-cost',
    });
    expect(tight.spent()).toBeLessThanOrEqual(2 * most);
    expect(spent).toBeGreaterThan(4 * most);
  });

  it('is not spent beyond the limit: nothing is asked that may cost more', async () => {
    server.behave = wordsAlone(() => say('Verdict: A'));
    const own = asking(0.15);
    const judge = await open({ ledger: own });
    const asked = server.asked.length;
    await judge.ask(comparison, {});
    let error: unknown;
    for (let i = 0; i < 100 && error === undefined; i++)
      await judge.ask({ ...comparison, repetition: i }, {}).catch((caught: unknown) => (error = caught));
    expect(error).toMatchObject({ code: 'judge.max-cost' });
    expect(own.spent()).toBeLessThanOrEqual(0.15);
    expect(server.asked.length).toBeGreaterThan(asked);
    await expect(open({ ledger: asking(0.001) })).rejects.toMatchObject({ code: 'judge.max-cost' });
  });
});

describe('the cache', () => {
  const files = async () => (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));

  it('answers what was asked before, for nothing, and nothing else', async () => {
    server.behave = wordsAlone(() => say('Verdict: A'));
    const judge = await open({ cache: replyCache(folder) });
    await judge.ask(comparison, {});
    const asked = server.asked.length;
    expect(await judge.ask(comparison, {})).toMatchObject({ verdict: 'first', cached: true, cost: 0 });
    expect(server.asked).toHaveLength(asked);
    const others: Comparison[] = [
      { ...comparison, order: 1 },
      { ...comparison, repetition: 1 },
      { ...comparison, second: 'Three' },
    ];
    for (const other of others) expect(await judge.ask(other, {})).not.toHaveProperty('cached');
    const warmer = await open({ cache: replyCache(folder), temperature: 1 });
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
    await askInWords(behave, { cache: replyCache(folder) });
    expect(await files()).toEqual([]);
  });

  it('keeps a whole reply that says no label, which is not drawn again', async () => {
    expect(await askInWords(() => say('Hm.'), { cache: replyCache(folder) })).toMatchObject({ verdict: 'unparsable' });
    expect(await files()).toHaveLength(1);
  });

  it('holds no key, though the server repeats it', async () => {
    const key = 'sk-Xt6PwQz9LmRb';
    const reply = await askInWords(({ authorization }) => say(`${authorization}\nVerdict: A`), {
      cache: replyCache(folder),
      key,
    });
    expect(reply.text).toBe('Bearer ***\nVerdict: A');
    for (const name of await files()) expect(await readFile(join(folder, name), 'utf8')).not.toContain(key);
  });
});
