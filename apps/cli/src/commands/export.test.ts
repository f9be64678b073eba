import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors } from '@dpo/base/safetensors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let model: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-export-'));
  model = await tinyModelFolder(join(folder, 'model'));
  data = await pairsFile(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const cpu = ['--engine', 'cpu'];

async function policyLogps(name: string): Promise<number[]> {
  const { out } = await runCli(['score', '--model', name, '--data', data, ...cpu]);
  return out.map((line) => (JSON.parse(line) as { policyChosenLogp: number }).policyChosenLogp);
}

async function dtypesOf(path: string): Promise<string[]> {
  const file = await openSafetensors(join(path, 'model.safetensors'));
  const dtypes = new Set([...file.tensors.values()].map(({ dtype }) => dtype));
  await file.close();
  return [...dtypes];
}

describe('dpo export', () => {
  it('merges an adapter: a folder of its own with the same log-probabilities', async () => {
    const training = await runCli([
      ...['train', '--model', model, '--data', data, '--output', at('run'), '--batch-size', '4'],
      ...['--learning-rate', '0.05', '--lora-rank', '2', ...cpu],
    ]);
    expect(training.code).toBe(0);
    const exported = await runCli(['export', '--model', at('run/final'), '--output', at('merged'), ...cpu]);
    expect([exported.code, exported.out]).toEqual([0, [at('merged')]]);
    expect(await readdir(at('merged'))).not.toContain('adapter_config.json');
    const [before, adapted, merged] = [
      await policyLogps(model),
      await policyLogps(at('run/final')),
      await policyLogps(at('merged')),
    ];
    adapted.forEach((logp, i) => {
      expect(merged[i]).toBeCloseTo(logp, 4);
    });
    expect(Math.abs((adapted[0] as number) - (before[0] as number))).toBeGreaterThan(1e-3);

    const card = await readFile(at('run/final/README.md'), 'utf8');
    expect(card).toContain('library_name: "peft"');
    expect(card).toContain('Direct Preference Optimization ([arXiv 2305.18290]');
    expect(card).toMatch(/\| loraRank \| 2 \|/);
    expect(card).toMatch(/\| pairs\.jsonl \| \d+ \| [0-9a-f]{64} \|/);
    expect(card).toMatch(/\| rewards\/accuracies \(training, step 3\) \| [\d.]+ \|/);
    expect(card).not.toContain(folder.concat('/run')); // where it lay says nothing of how it was made
  });

  it('rounds to bfloat16 with --dtype, and divides large weights', async () => {
    const options = ['--dtype', 'bfloat16', '--max-shard-gb', '0.00001'];
    const { code } = await runCli(['export', '--model', model, '--output', at('small'), ...options, ...cpu]);
    expect(code).toBe(0);
    const files = await readdir(at('small'));
    expect(files).toContain('model.safetensors.index.json');
    expect(files.filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(1);
    const [rounded, exact] = [await policyLogps(at('small')), await policyLogps(model)];
    rounded.forEach((logp, i) => {
      expect(Math.abs(logp - (exact[i] as number))).toBeLessThan(0.02 * Math.abs(logp));
    });
    expect(rounded).not.toEqual(exact);
  });

  it('touches no existing folder without --overwrite', async () => {
    const again = ['export', '--model', model, '--output', at('out'), ...cpu];
    expect((await runCli(again)).code).toBe(0);
    const refused = await runCli([...again, '--dtype', 'bfloat16']);
    expect(refused.code).toBe(1);
    expect(refused.notes.join('\n')).toContain('is there already');
    expect(await dtypesOf(at('out'))).toEqual(['F32']);
    expect((await runCli([...again, '--dtype', 'bfloat16', '--overwrite'])).code).toBe(0);
    expect(await dtypesOf(at('out'))).toEqual(['BF16']);
  });
});
