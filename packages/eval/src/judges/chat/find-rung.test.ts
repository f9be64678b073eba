import { describe, expect, it } from 'vitest';
import { type Behaviour, isTrial, type ServedRequest, topLogprobs } from '../../test/chat-server.js';
import { chatBench, comparison, say, template } from './_chat-bench-for-tests.js';

const bench = chatBench();

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
    bench.server.behave = () => behaviour;
    await expect(bench.openJudge()).rejects.toMatchObject({ code, message: expect.stringContaining(says) });
    expect(bench.server.requests).toHaveLength(1);
  });

  it('says /v1 when the address lacks it', async () => {
    bench.server.behave = () => ({ status: 404, body: 'File Not Found' });
    const root = bench.address.replace('/v1', '');
    await expect(bench.openJudge({ address: root })).rejects.toMatchObject({
      hint: expect.stringContaining(`${root}/v1`),
    });
    await expect(bench.openJudge()).rejects.toMatchObject({ hint: expect.stringContaining('OpenAI-compatible') });
  });

  it.each([
    ['OpenAI', 404, { error: { message: 'The model `judge` does not exist', code: 'model_not_found' } }],
    ['vLLM', 404, { object: 'error', message: 'The model `judge` does not exist.', code: 404 }],
    ['Ollama', 404, { error: { message: "model 'judge' not found" } }],
    ['LM Studio', 400, { error: { message: 'No models loaded. Please load a model.' } }],
  ])('an unknown model of %s, with the nearest known', async (_, status, body) => {
    bench.server.behave = ({ path }) =>
      path.endsWith('/models') ? { body: { data: [{ id: 'judge-7b' }, { id: 'judges' }] } } : { status, body };
    await expect(bench.openJudge()).rejects.toMatchObject({
      code: 'judge.unknown-model',
      hint: expect.stringMatching(/Did you mean judges\?.*judge-7b/),
    });
  });

  it('an address where nobody answers, soon', async () => {
    await bench.server.stop();
    await expect(bench.openJudge()).rejects.toMatchObject({ code: 'judge.unreachable' });
    expect(bench.sleeps).toHaveLength(1);
    bench.address = await bench.server.start();
  });

  it('a wrong key, without saying it', async () => {
    bench.server.behave = ({ authorization }) => ({
      status: 401,
      body: { error: { message: `Bad: ${authorization}` } },
    });
    const key = 'sk-Xt6PwQz9LmRb';
    const error = await bench.openJudge({ key, keyName: 'JUDGE_KEY' }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'judge.unauthorised', message: expect.stringContaining('JUDGE_KEY') });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain(key);
    expect(bench.server.requests[0]?.authorization).toBe(`Bearer ${key}`);
  });

  it('a model without a verdict', async () => {
    bench.server.behave = () => say('I would rather not.');
    await expect(bench.openJudge()).rejects.toMatchObject({
      code: 'judge.no-verdict',
      hint: expect.stringContaining('rather not'),
    });
  });
});

describe('how a verdict is asked for', () => {
  const red = { A: -0.1, B: -3 };
  const rungOf = async (behave: (request: ServedRequest) => Behaviour) => {
    bench.server.behave = behave;
    return (await bench.openJudge()).manner.rung.name;
  };
  const refuse = (message: string): Behaviour => ({ status: 400, body: { error: { message } } });
  const words = ({ text }: ServedRequest) => say(/sea/.test(text) ? 'The sea is wide.' : 'Verdict: A');

  it('by log-probabilities, when the reply has them', async () => {
    bench.server.behave = (request) =>
      say('A', { logprobs: topLogprobs(isTrial(request) ? red : { ' a': -1, B: -0.5, C: -2 }), finish: 'length' });
    const judge = await bench.openJudge();
    const [a, b] = [Math.exp(-1), Math.exp(-0.5)];
    const reply = await judge.ask(comparison, {});
    expect(reply).toMatchObject({ verdict: 'second', rung: 'logprobs' });
    expect(reply.p_first).toBeCloseTo(a / (a + b), 12);
    expect(reply.label_mass).toBeCloseTo(a + b, 12);
    expect(bench.server.requests.at(-1)?.body).toMatchObject({
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
    bench.server.behave = (request) => say('I', { logprobs: topLogprobs(isTrial(request) ? red : { I: -0.1, A: -7 }) });
    const judge = await bench.openJudge();
    expect(await judge.ask(comparison, {})).toMatchObject({ verdict: 'unparsable', label_mass: Math.exp(-7) });
  });

  it('by a JSON schema in the shape of OpenAI, or of llama.cpp', async () => {
    const json = say('{"reason": "so", "verdict": "A"}');
    const formats = (type: string) => (request: ServedRequest) => {
      const format = request.body.response_format as { type: string; schema?: unknown } | undefined;
      if (request.body.logprobs !== undefined) return refuse('logprobs are not supported');
      if (format?.type === 'json_object' && type !== 'json_object')
        return refuse("'response_format.type' must be 'json_schema' or 'text'"); // as LM Studio
      return format?.type === type ? json : words(request);
    };
    expect(await rungOf(formats('json_schema'))).toBe('json_schema');
    expect(await rungOf(formats('json_object'))).toBe('json_object_schema');
  });

  it('a format that is ignored, or refused, leads on', async () => {
    expect(await rungOf(words)).toBe('text');
    expect(
      await rungOf((request) => (request.body.response_format === undefined ? words(request) : refuse('no formats'))),
    ).toBe('text');
    // Fenced JSON that a model writes by itself is no sign of a format that is kept.
    expect(
      await rungOf((request) =>
        request.body.response_format === undefined ? words(request) : say('```json\n{"verdict":"A"}\n```'),
      ),
    ).toBe('text');
  });

  it("by vLLM's choice", async () => {
    const rung = await rungOf((request) => {
      if (request.body.response_format !== undefined) return refuse('no');
      return request.body.structured_outputs === undefined ? words(request) : say('B');
    });
    expect(rung).toBe('choice');
    expect(bench.server.requests.at(-1)?.body.structured_outputs).toEqual({ choice: template.labels });
  });

  it('by the one way that was named', async () => {
    bench.server.behave = words;
    expect((await bench.openJudge({ rung: 'text' })).manner.rung.name).toBe('text');
    expect(bench.server.requests).toHaveLength(1);
  });

  it('with the names and values that the model takes', async () => {
    bench.server.behave = (request) => {
      if (request.body.max_tokens !== undefined)
        return refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
      if (request.body.temperature !== undefined) return refuse("Unsupported value: 'temperature' does not support 0");
      return request.body.logprobs === undefined
        ? words(request)
        : refuse('logprobs are not supported with reasoning models');
    };
    const judge = await bench.openJudge();
    expect(judge.manner).toMatchObject({ lengthKey: 'max_completion_tokens', temperature: undefined });
    await judge.ask(comparison, {});
    expect(bench.server.requests.at(-1)?.body).toMatchObject({ max_completion_tokens: 1024 });
    expect(bench.server.requests.at(-1)?.body).not.toHaveProperty('temperature');
  });
});
