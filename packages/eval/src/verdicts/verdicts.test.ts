import { appendFile, type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { appendVerdicts } from './append-verdicts.js';
import { readVerdicts } from './read-verdicts.js';
import { type StoredVerdict, scoreOf } from './stored-verdict.js';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-verdicts-'));
  path = join(folder, 'verdicts.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const verdict = (prompt: string, text = 'A'): StoredVerdict => ({
  prompt_id: prompt,
  first: 'model',
  repetition: 0,
  verdict: 'first',
  text,
});
const line = (prompt: string) => `${JSON.stringify(verdict(prompt))}\n`;

describe('reading verdicts', () => {
  it('reads a line’s keys, numbers as names of prompts and null as absent, and leaves other keys', async () => {
    await writeFile(
      path,
      '{"prompt_id":7,"first":"baseline","verdict":"second","p_first":0.25,"model_length":null,"cost":0.1,"colour":"red"}\r\n\n',
    );
    const { verdicts, torn } = await readVerdicts(path);
    expect(verdicts).toEqual([
      { prompt_id: '7', first: 'baseline', repetition: 0, verdict: 'second', p_first: 0.25, cost: 0.1 },
    ]);
    expect(torn).toBe(false);
  });

  it('goes on without a last line that was cut, in the middle of a character as well', async () => {
    const whole = Buffer.from(JSON.stringify(verdict('b', 'é')));
    const inside = whole.indexOf(0xc3) + 1; // between the two bytes of é
    for (const length of [1, 20, inside, whole.length - 1]) {
      await writeFile(path, Buffer.concat([Buffer.from(line('a')), whole.subarray(0, length)]));
      const { verdicts, torn } = await readVerdicts(path);
      expect([verdicts.map((each) => each.prompt_id), torn]).toEqual([['a'], true]);
    }
  });

  it('names a broken line in the middle', async () => {
    await writeFile(path, `${line('a')}{"prompt_id":"b","fir\n${line('c')}`);
    await expect(readVerdicts(path)).rejects.toMatchObject({
      code: 'verdicts.bad-line',
      message: `${path}, line 2: not valid JSON.`,
      values: { line: 2 },
    });
  });

  it.each([
    ['{"prompt_id":"a","first":"model","verdict":"A"}', '"unparsable"', 'verdict'],
    ['{"prompt_id":"a","first":"A","verdict":"first"}', 'first should be one of "model", "baseline"', 'first'],
    ['{"first":"model","verdict":"first"}', 'prompt_id should be a text', 'prompt_id'],
    ['{"prompt_id":"a","first":"model","verdict":"first","p_first":1.5}', 'from 0 to 1', 'p_first'],
    ['{"prompt_id":"a","first":"model","verdict":"first","model_length":-1}', 'at least 0', 'model_length'],
    ['[1]', 'a JSON object', 'the line'],
  ])('refuses %s', async (text, says, key) => {
    await writeFile(path, `${line('a')}${text}\n`);
    await expect(readVerdicts(path)).rejects.toMatchObject({
      code: 'verdicts.bad-line',
      message: expect.stringContaining(says),
      values: { line: 2, key },
    });
  });

  it('takes people’s votes for verdicts, but for votes that were taken back', async () => {
    const vote = (prompt_id: string, vote: string) => ({ prompt_id, first: 'baseline', rater: 'anna', vote });
    const lines = [vote('a', 'A'), vote('b', 'both_bad'), vote('c', 'B'), { rater: 'anna', vote: 'undo' }];
    await writeFile(path, lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const { verdicts } = await readVerdicts(path);
    expect(verdicts).toMatchObject([
      { prompt_id: 'a', first: 'baseline', repetition: 0, verdict: 'first', rater: 'anna' },
      { prompt_id: 'b', verdict: 'tie', both_bad: true },
    ]);
    await writeFile(path, `${JSON.stringify({ ...verdict('a'), vote: 'loud' })}\n`);
    expect((await readVerdicts(path)).verdicts).toEqual([verdict('a')]);
  });

  it('refuses a file without a verdict', async () => {
    await writeFile(path, '{"prom');
    await expect(readVerdicts(path)).rejects.toMatchObject({ code: 'verdicts.empty' });
    await expect(readVerdicts(join(folder, 'none'))).rejects.toMatchObject({ code: 'file.not-found' });
  });
});

describe('adding verdicts', () => {
  it('writes each to the disk before it resolves, in the order of the calls', async () => {
    const writer = await appendVerdicts(path);
    const names = Array.from({ length: 20 }, (_, i) => `p${i}`);
    const writes = names.map((name) => writer.append(verdict(name)));
    await writes[0];
    expect(await readFile(path, 'utf8')).toContain('"p0"');
    await Promise.all(writes);
    await writer.close();
    expect((await readVerdicts(path)).verdicts.map((each) => each.prompt_id)).toEqual(names);
  });

  it('takes a torn last line off, however long, and keeps all others byte for byte', async () => {
    for (const torn of ['{"prompt_id":"b', `{"prompt_id":"${'é'.repeat(100_000)}`]) {
      await writeFile(path, `${line('a')}${torn}`);
      const writer = await appendVerdicts(path);
      await writer.append(verdict('c'));
      await writer.close();
      expect(await readFile(path, 'utf8')).toBe(line('a') + line('c'));
    }
  });

  it('keeps a whole last line that lacks its newline', async () => {
    await appendFile(path, line('a').trimEnd());
    const writer = await appendVerdicts(path);
    await writer.append(verdict('b'));
    await writer.close();
    expect(await readFile(path, 'utf8')).toBe(line('a') + line('b'));
  });

  it('takes off what a failed writing left of a line, so that the next line is whole', async () => {
    const writer = await appendVerdicts(path);
    await writer.append(verdict('a'));
    const file = await open(path);
    const appending = vi.spyOn(Object.getPrototypeOf(file) as FileHandle, 'appendFile');
    await file.close();
    appending.mockImplementationOnce(async function (this: FileHandle, text) {
      await this.write(String(text).slice(0, 20));
      throw Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' });
    });
    try {
      await expect(writer.append(verdict('b'))).rejects.toMatchObject({ code: 'file.disk-full' });
    } finally {
      appending.mockRestore();
    }
    await writer.append(verdict('c'));
    await writer.close();
    expect(await readFile(path, 'utf8')).toBe(line('a') + line('c'));
  });

  it('names a path that cannot be written', async () => {
    await expect(appendVerdicts(folder)).rejects.toMatchObject({ code: expect.stringMatching(/^file\./) });
  });
});

it('scores the model: a probability before a label, and nothing when the verdict was lost', () => {
  const scores = (['first', 'second', 'tie', 'unparsable', 'refused', 'failed'] as const).map((each) => [
    scoreOf({ prompt_id: 'a', first: 'model', repetition: 0, verdict: each }),
    scoreOf({ prompt_id: 'a', first: 'baseline', repetition: 0, verdict: each, p_first: 0.9 }),
  ]);
  const second = 1 - 0.9;
  expect(scores).toEqual([
    [1, second],
    [0, second],
    [0.5, second],
    [undefined, undefined],
    [undefined, undefined],
    [undefined, undefined],
  ]);
});
