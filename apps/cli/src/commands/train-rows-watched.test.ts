import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-watched-'));
  model = await tinyModelFolder(join(folder, 'model'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
async function train(name: string, rows: readonly unknown[], ...more: readonly string[]) {
  await writeFile(at(`${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const places = ['--model', model, '--data', at(`${name}.jsonl`), '--output', at(name)];
  const { code, notes } = await runCli([
    'train',
    ...places,
    '--max-steps',
    '1',
    '--batch-size',
    '4',
    '--engine',
    'cpu',
    ...more,
  ]);
  return { code, notes: notes.join('\n') };
}
const pair = (i: number, more: object = {}) => ({ prompt: `Q${i}:`, chosen: ` yes ${i}`, rejected: ' no', ...more });
const sixRows = (make: (i: number) => object) => Array.from({ length: 6 }, (_, i) => make(i));

it('refuses pairs that are all the same, before anything is written', async () => {
  const same = sixRows((i) => pair(i, { rejected: ` yes ${i}` }));
  const { code, notes } = await train('same', same);
  expect(code).toBe(1);
  expect(notes).toContain('The answers of every row are the same');
  await expect(stat(at('same'))).rejects.toThrow();
  // Fine-tuning compares nothing: the chosen answers can be learned.
  const { code: ofSft } = await runCli([
    'sft',
    '--model',
    model,
    '--data',
    at('same.jsonl'),
    '--output',
    at('tuned'),
    '--max-steps',
    '1',
    '--engine',
    'cpu',
  ]);
  expect(ofSft).toBe(0);
});

it('names cuts that leave nothing to compare', async () => {
  const late = sixRows((i) => pair(i, { chosen: ' the same words, then yes', rejected: ' the same words, then no' }));
  const { code, notes } = await train('late', late, '--max-length', '8');
  expect(code).toBe(1);
  expect(notes).toContain('after they were cut');
});

it('warns of doubtful rows that can be trained on, and keeps the warnings', async () => {
  await pairsFile(folder);
  const rows = sixRows((i) => pair(i % 5, i === 5 ? { chosen: ' no', rejected: ' yes 0' } : {}));
  const half = rows.map((row, i) =>
    i === 0 ? { ...row, reference_chosen_logp: -9, reference_rejected_logp: -8 } : row,
  );
  await writeFile(at('held.jsonl'), `${JSON.stringify(pair(2))}\n`);
  const { code, notes } = await train('doubtful', half, '--eval-data', at('held.jsonl'));
  expect(code).toBe(0);
  expect(notes).toContain('1 of 6 rows say the opposite of an earlier row');
  expect(notes).toContain('1 of 1 held-out rows have prompts of the training data');
  expect(notes).toContain('Only 1 of 6 rows have both reference log-probabilities');
  const lines = (await readFile(at('doubtful/warnings.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { code: string }).code)).toEqual(
    expect.arrayContaining(['rows-contradictory', 'prompts-shared', 'reference-incomplete']),
  );
});

it('warns when a row has one of the two numbers of the reference', async () => {
  const rows = sixRows((i) => pair(i, i === 2 ? { reference_chosen_logp: -9 } : {}));
  const { code, notes } = await train('one-number', rows);
  expect(code).toBe(0);
  expect(notes).toContain('Only 0 of 6 rows have both reference log-probabilities');
});

it('warns when all answers have one label', async () => {
  const rows = sixRows((i) => ({ prompt: `Q${i}:`, completion: ' yes', label: true }));
  const { code, notes } = await train('kto', rows, '--method', 'kto');
  expect(code).toBe(0);
  expect(notes).toContain('All 6 answers are desirable');
});
