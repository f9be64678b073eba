import { describe, expect, it } from 'vitest';
import type { Behaviour } from '../../test/chat-server.js';
import { chatBench, say } from './_chat-bench-for-tests.js';

const bench = chatBench();
const first = { verdict: 'first' };

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
    expect(await bench.askInWords(() => behaviour)).toMatchObject(expected);
    expect(bench.server.requests).toHaveLength(1);
  });

  it.each([
    ['reasoning', { reasoning: 'Verdict: B' }],
    ['reasoning_content', { reasoning_content: 'Verdict: B' }],
  ])('null with %s: asked once more with twice the room', async (_, message) => {
    const reply = await bench.askInWords((__, count) =>
      count === 1 ? say(null, { message }) : say('Verdict: A', { message }),
    );
    expect(reply).toMatchObject(first);
    expect(bench.server.requests.map(({ body }) => body.max_tokens)).toEqual([1024, 2048]);
  });

  it('cut at the length limit: once more with twice the room, then unparsable, never drawn again', async () => {
    const cutReply = say('Verdict: A', { finish: 'length' });
    expect(await bench.askInWords((_, count) => (count === 1 ? cutReply : say('Verdict: B')))).toMatchObject({
      verdict: 'second',
    });
    expect(await bench.askInWords(() => cutReply)).toMatchObject({ verdict: 'unparsable', finish_reason: 'length' });
    expect(bench.server.requests).toHaveLength(2);
    expect(await bench.askInWords(() => say(''))).toMatchObject({
      verdict: 'unparsable',
      reason: 'The reply is empty.',
    });
    expect(bench.server.requests).toHaveLength(2);
    expect(await bench.askInWords(() => say('Hm.'))).toMatchObject({ verdict: 'unparsable', text: 'Hm.' });
    expect(bench.server.requests).toHaveLength(1);
  });
});
