import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let common: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-loss-types-'));
  const [model, data] = [await tinyModelFolder(join(folder, 'model')), await pairsFile(folder)];
  common = ['train', '--model', model, '--data', data, '--engine', 'cpu', '--batch-size', '4', '--no-tensorboard'];
  common.push('--learning-rate', '0.01', '--max-steps', '3');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const records = async (run: string) =>
  (await readFile(at(`${run}/metrics.jsonl`), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
const sum = ['--loss-type', 'dpo,sft', '--loss-weights', '1,0.2'];

describe('dpo train --loss-type', () => {
  it('adds losses with their weights, is kept with the run, and goes on', async () => {
    expect((await runCli([...common, ...sum, '--output', at('whole')])).code).toBe(0);
    const [first] = await records('whole');
    // At the reference DPO's loss is ln 2; that of SFT is −log π of the chosen answer.
    expect(first?.loss).toBeCloseTo(Math.LN2 - 0.2 * (first?.['logps/chosen'] as number), 4);
    expect(first?.['rewards/chosen']).toBeCloseTo(0, 6);
    const config = JSON.parse(await readFile(at('whole/config.json'), 'utf8')) as { options: object };
    expect(config.options).toMatchObject({ lossType: ['dpo', 'sft'], lossWeights: [1, 0.2] });

    const half = await runCli([...common, ...sum, '--output', at('halves')], (line, stop) => {
      if (line.startsWith('step 2/')) stop();
    });
    expect(half.code).toBe(130);
    const resume = [...common, '--output', at('halves'), '--resume'];
    const changed = await runCli([...resume, '--loss-type', 'dpo,sft', '--loss-weights', '1,0.3']);
    expect(changed.notes.join()).toContain('--loss-weights was [1,0.2], is [1,0.3]');
    expect((await runCli([...resume, ...sum])).code).toBe(0);
    const weights = (run: string) => readFile(at(`${run}/final/model.safetensors`));
    expect((await weights('halves')).equals(await weights('whole'))).toBe(true);
  });

  it('says what is wrong with names and weights', async () => {
    const errorOf = async (...more: string[]) => {
      const { code, notes } = await runCli([...common, '--output', at('new'), ...more]);
      expect(code).toBe(2);
      return notes.join('\n');
    };
    expect(await errorOf('--loss-type', 'dpo,simp')).toContain('Did you mean "simpo"?');
    expect(await errorOf('--loss-type', 'dpo,kto')).toContain('no loss "kto" of pairs');
    expect(await errorOf('--loss-type', 'dpo,sft', '--loss-weights', '1')).toContain('2 losses, --loss-weights has 1');
    expect(await errorOf('--loss-weights', '1')).toContain('--loss-type, which is not given');
    expect(await errorOf('--loss-type', 'dpo,sft', '--loss-weights', '1,x')).toContain('--loss-weights');
    expect(await errorOf('--loss-type', 'dpo,sft', '--method', 'ipo')).toContain('give one of them');
    expect(await errorOf('--loss-type', 'dpo', '--method', 'kto')).toContain('give one of them');
    expect(await readdir(folder)).not.toContain('new');
  });
});
