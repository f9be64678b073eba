import { appendFile, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let original: string;
let folder: string;
beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'dpo-refusals-'));
  await tinyModelFolder(join(original, 'model'));
  await pairsFile(original);
  const run = ['train', '--model', join(original, 'model'), '--data', join(original, 'pairs.jsonl'), '--engine', 'cpu'];
  const { code } = await runCli([...run, '--output', join(original, 'run'), '--max-steps', '2', '--save-steps', '1']);
  expect(code).toBe(0);
});
afterAll(() => rm(original, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-refused-'));
  await cp(original, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const everything = async () => (await readdir(folder, { recursive: true })).sort();

/** The notes of a training that is refused. Fails when an engine was opened, or anything was written. */
async function refusal(code: 1 | 2, ...more: readonly string[]): Promise<string> {
  const before = await everything();
  const args = ['train', '--model', at('model'), '--data', at('pairs.jsonl'), '--output', at('new'), '--engine', 'cpu'];
  const result = await runCli([...args, ...more]);
  const text = result.notes.join('\n');
  expect([result.code, text.includes('Engine:')], text).toEqual([code, false]);
  expect(result.out).toEqual([]);
  expect(await everything()).toEqual(before);
  return text;
}

describe('dpo train refuses before an engine is opened', () => {
  it('unknown options, and values out of range', async () => {
    expect(await refusal(2, '--learning-rat', '1')).toContain('Did you mean --learning-rate?');
    expect(await refusal(2, '--method', 'simp')).toContain('--method');
    expect(await refusal(2, '--label-smoothing', '0.5')).toMatch(/--label-smoothing: .*<0\.5/);
    expect(await refusal(2, '--beta', '-1')).toMatch(/--beta: .*>0/);
    expect(await refusal(2, '--lora-rank', '1.5')).toMatch(/--lora-rank: .*int/);
  });

  it('models that are missing, or not whole', async () => {
    expect(await refusal(1, '--model', at('nothing'))).toContain(`There is no model at ${at('nothing')}`);
    expect(await refusal(1, '--ref', at('nothing'))).toContain(`There is no model at ${at('nothing')}`);
    const whole = await readdir(at('model'));
    expect(whole).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json']));
    const without = async (name: string) => {
      await cp(at('model'), at('part'), { recursive: true });
      await rm(join(at('part'), name));
      const text = await refusal(1, '--model', at('part'));
      await rm(at('part'), { recursive: true });
      return text;
    };
    expect(await without('config.json')).toContain('has no config.json');
    expect(await without('model.safetensors')).toContain('has no model.safetensors');
    expect(await without('tokenizer.json')).toContain('has no tokenizer.json');
  });

  it('models whose parts do not fit', async () => {
    const config = JSON.parse(await readFile(at('model/config.json'), 'utf8')) as Record<string, unknown>;
    const configure = (changes: object) =>
      writeFile(at('model/config.json'), JSON.stringify({ ...config, ...changes }));
    await configure({ model_type: 'rnn' });
    expect(await refusal(1)).toContain('model_type "rnn" is not supported');
    await configure({ n_embd: 32 });
    expect(await refusal(1)).toContain('wte.weight');
    await configure({});
    expect(await refusal(1, '--lora-rank', '2', '--lora-targets', 'c_atn')).toContain('c_atn');
    expect(await refusal(1, '--adapter', at('model'))).toContain('is a model, not an adapter');
    await truncate(at('model/model.safetensors'), 4000);
    expect(await refusal(1)).toContain('model.safetensors');
  });

  it('data without the columns that the method reads', async () => {
    await writeFile(at('answers.jsonl'), '{"prompt":"Q","completion":" yes","label":true}\n');
    expect(await refusal(1, '--data', at('answers.jsonl'))).toContain('line 1: the row is a single labelled answer');
    expect(await refusal(1, '--method', 'kto')).toMatch(/line 1: .*(pair|label)/);
    expect(await refusal(1, '--row-margins')).toContain('Row 0 has no margin');
    expect(await refusal(1, '--data', at('nothing.jsonl'))).toContain('nothing.jsonl');
    expect(await refusal(1, '--eval-data', at('answers.jsonl'))).toContain('answers.jsonl, line 1');
  });

  it('folders of finished runs, also when the run that would replace them is refused', async () => {
    expect(await refusal(1, '--output', at('run'))).toContain('holds a run already');
    expect(await refusal(1, '--output', at('pairs.jsonl'))).toContain('is a file');
    // The old run stays until everything that the new run needs is known to be good.
    const overwrite = ['--output', at('run'), '--overwrite'];
    expect(await refusal(1, ...overwrite, '--model', at('nothing'))).toContain('There is no model');
    expect(await refusal(1, ...overwrite, '--data', at('nothing.jsonl'))).toContain('nothing.jsonl');
  });

  it('resuming with other settings or data, or without a checkpoint', async () => {
    const same = ['--output', at('run'), '--resume', '--max-steps', '2'];
    expect(await refusal(1, '--resume')).toContain('holds no checkpoint');
    const text = await refusal(1, ...same, '--beta', '0.2', '--method', 'ipo');
    expect(text).toContain('beta was 0.1, is 0.2');
    expect(text).toContain('method was "dpo", is "ipo"');
    await appendFile(at('pairs.jsonl'), '{"prompt":"Q","chosen":" a","rejected":" b"}\n');
    expect(await refusal(1, ...same)).toContain('the data have other content');
  });
});
