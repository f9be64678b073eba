import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpoError, type Random, random } from '@dpo/base';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeEvaluation } from '../evaluation-file.js';
import { sampleEvaluation, sampleJudging, sampleRecords } from '../test/index.js';
import { reportData } from './read-run.js';
import { renderReport } from './render.js';

const SEED = 13;
const TRIES = 120;
const names = ['config.json', 'metrics.jsonl', 'evaluation.json', 'warnings.jsonl', 'verdicts.jsonl'] as const;

let folder: string;
const whole = new Map<string, string>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-damaged-'));
  const config = {
    command: 'train',
    seed: 0,
    options: { beta: 0.1, loraTargets: ['q', 'v'], resume: false },
    model: { name: 'm' },
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config, null, 2));
  const lines = (values: readonly object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  await writeFile(join(folder, 'metrics.jsonl'), lines(sampleRecords()));
  await writeFile(join(folder, 'warnings.jsonl'), lines([{ code: 'not-learning', step: 9, message: 'It says: no.' }]));
  await writeFile(join(folder, 'verdicts.jsonl'), lines(sampleJudging({ prompts: 6, temperatures: [0] }).verdicts));
  await writeEvaluation(folder, sampleEvaluation());
  for (const name of names) whole.set(name, await readFile(join(folder, name), 'utf8'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Texts that replace a JSON value. */
const others = ['null', '7', '-1e999', '"text"', '[]', '{}', '[null]', 'true', '""', '{"step":1}', '\0\0\0', '1e308'];

/** A text with one damage: a value replaced, a piece left out or doubled, the end cut off, or a letter changed. */
function damage(text: string, draw: Random): string {
  const pick = (count: number) => Math.floor(draw() * count);
  const from = pick(text.length);
  const to = Math.min(text.length, from + pick(80));
  const values = [...text.matchAll(/(?<=: ?)("[^"]*"|-?[\d.]+|\[|\{|null)/g)];
  const value = values[pick(values.length)];
  switch (pick(5)) {
    case 0:
      return text.slice(0, from);
    case 1:
      return text.slice(0, from) + text.slice(to);
    case 2:
      return text.slice(0, to) + text.slice(from);
    case 3:
      return `${text.slice(0, from)}${String.fromCharCode(pick(256))}${text.slice(from + 1)}`;
    default:
      return value === undefined
        ? (others[pick(others.length)] as string)
        : text.slice(0, value.index) + others[pick(others.length)] + text.slice(value.index + value[0].length);
  }
}

it(`makes a report of a damaged run folder, or says which file is damaged (seed ${SEED})`, async () => {
  const draw = random(SEED);
  let refused = 0;
  for (let i = 0; i < TRIES; i++) {
    const name = names[i % names.length] as (typeof names)[number];
    const content = damage(whole.get(name) as string, draw);
    await writeFile(join(folder, name), content);
    const error = await reportData(folder)
      .then(renderReport)
      .then(
        () => undefined,
        (cause: unknown) => cause,
      );
    await writeFile(join(folder, name), whole.get(name) as string);
    if (error === undefined) continue;
    refused++;
    if (!DpoError.is(error)) throw new Error(`${name}: ${(error as Error).stack}\n${content}`);
    expect(error.message).toContain(name);
  }
  expect(refused).toBeGreaterThan(TRIES / 4);
});

it.each(names)('names %s when it is no JSON object', async (name) => {
  for (const content of ['null', '7', '[]', '"a"', '{', '\0', '{"step":1}\n7\n{"step":2}\n']) {
    await writeFile(join(folder, name), content);
    const error = await reportData(folder)
      .then(renderReport)
      .then(
        () => undefined,
        (cause: unknown) => cause,
      );
    const codes = name === 'verdicts.jsonl' ? /^verdicts\./ : /^eval\.bad-file$/;
    if (error !== undefined)
      expect(error).toMatchObject({ code: expect.stringMatching(codes), message: expect.stringContaining(name) });
  }
  await writeFile(join(folder, name), whole.get(name) as string);
});
