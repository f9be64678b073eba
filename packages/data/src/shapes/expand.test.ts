import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildLabelled } from '../builders/labelled.js';
import { readPreferences } from '../files/read.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-shapes-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(...rows: readonly unknown[]): Promise<string> {
  const path = join(folder, 'rows.jsonl');
  await writeFile(path, rows.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}
const readRows = async (...rows: readonly unknown[]) => [...(await readPreferences(await file(...rows)))];
const say = (role: string, content: string) => ({ role, content });

describe('shapes of rows', () => {
  it('reads instruction, input and outputs', async () => {
    const pair = { prompt: 'Add.\n\n1 1', chosen: '2', rejected: '3' };
    const task = { instruction: 'Add.', input: '1 1' };
    expect(
      await readRows(
        { ...task, output: ['2', '3'] },
        { ...task, chosen: '2', rejected: '3' },
        { ...task, output_1: '3', output_2: '2', preference: 2 },
        { instruction: 'Add.', input: '', output: ['2', '3'] },
      ),
    ).toEqual([pair, pair, pair, { ...pair, prompt: 'Add.' }]);
  });

  it('reads UltraFeedback, binarized and as it was', async () => {
    const binarized = {
      prompt: 'Hi',
      chosen: [say('user', 'Hi'), say('assistant', 'Hello!')],
      rejected: [say('user', 'Hi'), say('assistant', 'No.')],
      score_chosen: 8,
      score_rejected: 3,
    };
    expect(await readRows(binarized)).toEqual([
      {
        prompt: [say('user', 'Hi')],
        chosen: [say('assistant', 'Hello!')],
        rejected: [say('assistant', 'No.')],
        chosenScore: 8,
        rejectedScore: 3,
      },
    ]);
    const scored = (...scores: readonly number[]) => ({
      instruction: 'Hi',
      source: 'evol',
      completions: scores.map((score, i) => ({ response: `r${i}`, overall_score: 1, 'fine-grained_score': score })),
    });
    expect(await readRows(scored(3, 5, 1), scored(2, 2))).toEqual([
      { prompt: 'Hi', chosen: 'r1', rejected: 'r2', source: 'evol', chosenScore: 5, rejectedScore: 1 },
    ]);
  });

  it("reads what the paper's code makes: all pairs of all prompts", async () => {
    const row = {
      A: {
        responses: ['a0', 'a1', 'a2'],
        pairs: [
          [0, 1],
          [2, 1],
        ],
        sft_target: 'a0',
      },
      B: { responses: ['b0', 'b1'], pairs: [[1, 0]], sft_target: 'b1' },
    };
    expect(await readRows(row)).toEqual([
      { prompt: 'A', chosen: 'a0', rejected: 'a1' },
      { prompt: 'A', chosen: 'a2', rejected: 'a1' },
      { prompt: 'B', chosen: 'b1', rejected: 'b0' },
    ]);
    const beyond = { A: { responses: ['a0'], pairs: [[0, 1]] } };
    await expect(readRows(beyond)).rejects.toMatchObject({ code: 'data.broken-row', values: { line: 1 } });
  });

  it('lets a mapping of columns win', async () => {
    const path = await file({ instruction: 'P', output: 'x', output_1: 'c', output_2: 'r', preference: 2 });
    const columns = { prompt: 'instruction', chosen: 'output_1', rejected: 'output_2' };
    expect([...(await readPreferences(path, { columns }))]).toEqual([{ prompt: 'P', chosen: 'c', rejected: 'r' }]);
  });

  it('names the keys of an unknown row and the recognised shapes', async () => {
    await expect(readRows({ text: 'x', score: 1 })).rejects.toMatchObject({
      code: 'data.unknown-shape',
      values: { line: 1, keys: ['text', 'score'] },
      hint: expect.stringContaining('UltraFeedback'),
    });
    await expect(readRows({ instruction: 'x', output: 'one' })).rejects.toThrow('a list of two answers');
  });

  it('pairs labelled singles only on request', async () => {
    const label = (prompt: string, completion: string, label: unknown) => ({ prompt, completion, label });
    const rows = [label('p', 'a', true), label('q', 'x', true), label('p', 'b', false), label('p', 'c', false)];
    await expect(readRows(...rows)).rejects.toMatchObject({
      code: 'data.unknown-shape',
      hint: expect.stringContaining('build labelled'),
    });
    const pairs = [];
    for await (const pair of buildLabelled(await file(...rows))) pairs.push(pair);
    expect(pairs).toEqual([
      { prompt: 'p', chosen: 'a', rejected: 'b' },
      { prompt: 'p', chosen: 'a', rejected: 'c' },
    ]);
    const bad = buildLabelled(await file(rows[0], label('p', 'a', 'yes')));
    await expect(bad.next()).rejects.toMatchObject({ code: 'data.wrong-type', values: { line: 2 } });
  });
});
