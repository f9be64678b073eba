import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let common: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-relatives-'));
  const model = await tinyModelFolder(join(folder, 'model'));
  const data = join(folder, 'pairs.jsonl');
  const pairs = Array.from({ length: 12 }, (_, i) => ({
    prompt: `Count from ${i}.`,
    chosen: ` ${i} and ${i + 1}, then ${i + 2} and so on`,
    rejected: i % 2 ? ' no' : ` ${'no '.repeat(5)}`,
  }));
  await writeFile(data, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  common = ['train', '--model', model, '--data', data, '--engine', 'cpu', '--batch-size', '4', '--no-tensorboard'];
  common.push('--learning-rate', '0.01');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const train = async (run: string, ...more: string[]) => {
  const { code, notes } = await runCli([...common, '--output', at(run), ...more]);
  expect(code, notes.join('\n')).toBe(0);
  const lines = (await readFile(at(`${run}/metrics.jsonl`), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, number>);
};

describe('relatives of DPO from the command line', () => {
  it('--ld-alpha and --wpo change the loss, alone and together; precomputed references agree with references in the step', async () => {
    const two = ['--max-steps', '2'];
    const ld = await train('ld', ...two, '--ld-alpha', '0.3');
    const before = await train('before', ...two, '--ld-alpha', '0.3', '--precompute-reference');
    before.forEach(({ loss }, i) => {
      expect(loss).toBeCloseTo(ld[i]?.loss as number, 4);
    });
    const plain = await train('plain', ...two);
    expect(ld[0]?.loss).toBeCloseTo(Math.LN2, 5);
    const both = (record: Record<string, number> | undefined) =>
      (record?.['logps/chosen'] as number) + (record?.['logps/rejected'] as number);
    expect(both(ld[0])).toBeGreaterThan(both(plain[0]));
    const [wpo] = await train('wpo', '--max-steps', '1', '--wpo');
    expect(wpo?.loss).toBeGreaterThan(0);
    expect(wpo?.loss).toBeLessThan(Math.LN2);
    const [together] = await train('both', '--max-steps', '1', '--wpo', '--ld-alpha', '0.3');
    expect(together?.loss).toBeCloseTo(wpo?.loss as number, 5);
  });

  it('--method aot starts at ln 2', async () => {
    for (const method of ['aot', 'aot-unpaired'])
      expect((await train(method, '--max-steps', '2', '--method', method))[0]?.loss).toBeCloseTo(Math.LN2, 5);
  });

  it('--load-best leaves the moving reference out of final/', async () => {
    const best = ['--eval-data', at('pairs.jsonl'), '--eval-steps', '1', '--load-best'];
    await train('best', '--max-steps', '2', '--ref-sync-steps', '1', ...best);
    const name = (await readdir(at('best'))).find((entry) => entry.startsWith('checkpoint-')) as string;
    const [checkpoint, final] = [await readdir(at(`best/${name}`)), await readdir(at('best/final'))];
    expect(checkpoint).toContain('reference.safetensors');
    const own = ['optimizer.safetensors', 'reference.safetensors', 'trainer_state.json'];
    expect(final.toSorted()).toEqual([...checkpoint.filter((name) => !own.includes(name)), 'README.md'].toSorted());
  });

  it('--temperature is τ of discopop', async () => {
    const one = ['--max-steps', '2', '--method', 'discopop'];
    const loss = async (run: string, ...more: string[]) => (await train(run, ...one, ...more))[1]?.loss;
    expect(await loss('half', '--temperature', '0.05')).toBe(await loss('default'));
    expect(await loss('other', '--temperature', '0.9')).not.toBe(await loss('default', '--overwrite'));
  });

  it('--ref-sync-steps copies the policy into the reference, and a resumed run goes on with it', async () => {
    const moving = ['--max-steps', '4', '--ref-sync-steps', '2', '--ref-mixup-alpha', '1', '--save-steps', '3'];
    const margins = (await train('whole', ...moving)).map((record) => record['rewards/margins'] as number);
    expect(margins[0]).toBeCloseTo(0, 6);
    expect(Math.abs(margins[1] as number)).toBeGreaterThan(1e-3);
    expect(margins[2]).toBeCloseTo(0, 6);
    const half = await runCli([...common, '--output', at('halves'), ...moving], (line, stop) => {
      if (line.startsWith('step 3/')) stop();
    });
    expect(half.code).toBe(130);
    await train('halves', ...moving, '--resume');
    const weights = (run: string) => readFile(at(`${run}/final/model.safetensors`));
    expect((await weights('halves')).equals(await weights('whole'))).toBe(true);
  });

  it('says what does not go together', async () => {
    const errorOf = async (...more: string[]) => {
      const { code, notes } = await runCli([...common, '--output', at('new'), ...more]);
      expect(code).toBe(2);
      return notes.join('\n');
    };
    expect(await errorOf('--ref-mixup-alpha', '0.5')).toContain('needs --ref-sync-steps');
    expect(await errorOf('--ref-sync-steps', '5', '--precompute-reference')).toContain('a reference that stays');
    expect(await errorOf('--ref-sync-steps', '5', '--method', 'simpo')).toContain('simpo has no reference');
    expect(await errorOf('--method', 'kto', '--ld-alpha', '0.5')).toContain('--ld-alpha is about pairs');
    expect(await errorOf('--method', 'kto', '--wpo')).toContain('--wpo is about pairs');
    expect(await errorOf('--method', 'kto', '--loss-weights', '1')).toContain('--loss-weights is about pairs');
    expect(await errorOf('--ld-alpha', '1.5')).toContain('--ld-alpha');
    for (const more of ['--row-margins', '--wpo'])
      expect((await runCli([...common, '--output', at('new'), '--method', 'aot', more])).code).toBe(1);
    expect(await readdir(folder)).not.toContain('new');
  });
});
