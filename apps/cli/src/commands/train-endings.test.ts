import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let common: string[];
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-endings-'));
  data = await pairsFile(folder);
  const model = await tinyModelFolder(join(folder, 'model'));
  common = ['train', '--model', model, '--data', data, '--batch-size', '4', '--engine', 'cpu'];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
type Row = Readonly<Record<string, number>>;
const lines = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);

/** The training pairs with chosen and rejected swapped: training makes every evaluation worse. */
async function contrary(): Promise<string> {
  const rows = (await readFile(data, 'utf8')).trimEnd().split('\n');
  const swapped = rows.map((line) => {
    const { chosen, rejected, ...rest } = JSON.parse(line) as Record<string, unknown>;
    return JSON.stringify({ ...rest, chosen: rejected, rejected: chosen });
  });
  await writeFile(at('contrary.jsonl'), `${swapped.join('\n')}\n`);
  return at('contrary.jsonl');
}

describe('dpo train', () => {
  it('stops when held-out numbers get worse, and leaves the best weights', async () => {
    const { code, notes } = await runCli([
      ...[...common, '--output', at('run'), '--learning-rate', '0.01', '--max-steps', '9'],
      ...['--eval-data', await contrary(), '--eval-steps', '1', '--patience', '2', '--load-best'],
    ]);
    expect(code).toBe(0);
    const metrics = await lines(at('run/metrics.jsonl'));
    expect(metrics.map(({ step, best }) => [step, best])).toEqual([
      [1, true],
      [2, undefined],
      [3, undefined],
    ]);
    expect(notes.join('\n')).toContain('Ended after 3 of 9 steps: eval_loss was no better in 2 evaluations.');
    expect((await readdir(at('run/final'))).sort()).toEqual(
      expect.arrayContaining(['README.md', 'config.json', 'model.safetensors', 'tokenizer.json']),
    );
    expect(await readdir(at('run/final'))).not.toContain('optimizer.safetensors');
    const scores = async (model: string) =>
      (await runCli(['score', '--model', model, '--data', data, '--engine', 'cpu'])).out;
    expect(await scores(at('run/final'))).toEqual(await scores(at('run/checkpoint-1')));
  });

  it('ends when its time is up, with a final model', async () => {
    const { code, notes } = await runCli([
      ...[...common, '--output', at('run'), '--max-steps', '9', '--max-time', '0.001s'],
    ]);
    expect(code).toBe(0);
    expect(notes.join('\n')).toContain('Ended after 1 of 9 steps: the time of 0.001s was up.');
    expect(await readdir(at('run/final'))).toContain('model.safetensors');
  });

  it('warns once when something goes wrong, and keeps the warning', async () => {
    // A learning rate far too small: the rewards stay at 0.
    const { code, notes } = await runCli([
      ...[...common, '--output', at('run'), '--max-steps', '24', '--learning-rate', '1e-12'],
    ]);
    expect(code).toBe(0);
    expect(notes.filter((note) => note.startsWith('Warning: '))).toHaveLength(1);
    const [warning] = await lines(at('run/warnings.jsonl'));
    expect(warning).toMatchObject({ code: 'rewards-stuck', step: 20 });
  });

  it('warns before the first step of answers that were cut', async () => {
    const { code, notes } = await runCli([
      ...[...common, '--output', at('run'), '--max-steps', '1', '--max-length', '6', '--optimizer', 'adafactor'],
    ]);
    expect(code).toBe(0);
    expect(notes.join('\n')).toContain('Warning: 24 of 24 answers were cut');
    expect(await lines(at('run/warnings.jsonl'))).toMatchObject([{ code: 'answers-truncated', step: 0 }]);
  });

  it('trains adapters with learning rates of their own, and asks for an adapter when there is none', async () => {
    const lora = [...common, '--lora-rank', '2', '--max-steps', '2', '--learning-rate', '0.001'];
    const margin = async (name: string, ...more: string[]) => {
      expect((await runCli([...lora, '--output', at(name), '--no-tensorboard', ...more])).code).toBe(0);
      return (await lines(at(`${name}/metrics.jsonl`)))[1]?.['rewards/margins'] as number;
    };
    // B begins at 0 and A's gradient with it, so that the first step is B's alone: sixteen times the step.
    const [plain, faster] = [await margin('plain'), await margin('faster', '--lora-b-ratio', '16')];
    expect(Math.abs(faster)).toBeGreaterThan(8 * Math.abs(plain));
    const { code, notes } = await runCli([...common, '--output', at('run'), '--lora-b-ratio', '16']);
    expect(code).toBe(2);
    expect(notes.join('\n')).toContain('--lora-b-ratio is about adapters');
  });

  it('asks for held-out data when options need evaluations', async () => {
    for (const option of [['--patience', '2'], ['--load-best']]) {
      const { code, notes } = await runCli([...common, '--output', at('run'), ...option]);
      expect(code).toBe(2);
      expect(notes.join('\n')).toContain(`${option[0]} needs --eval-data`);
    }
    const { code, notes } = await runCli([...common, '--output', at('run'), '--max-time', '5 minutes']);
    expect(code).toBe(2);
    expect(notes.join('\n')).toContain('such as 90m');
    expect(await readdir(folder)).not.toContain('run');
  });
});
