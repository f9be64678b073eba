import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let model: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-commands-'));
  model = await tinyModelFolder(join(folder, 'model'));
  data = await pairsFile(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const cpu = ['--engine', 'cpu'];
const lines = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, number>);
const train = (output: string, ...more: readonly string[]) => [
  ...[
    'train',
    '--model',
    model,
    '--data',
    data,
    '--output',
    at(output),
    '--batch-size',
    '4',
    '--learning-rate',
    '0.01',
  ],
  ...cpu,
  ...more,
];

describe('dpo train', () => {
  it('leaves a run folder that says everything, and a model that loads', async () => {
    const { code, out } = await runCli(train('run'));
    expect(code).toBe(0);
    expect(out).toEqual([at('run/final')]);
    expect((await readdir(at('run'))).sort()).toEqual([
      '.dpo.json',
      'config.json',
      expect.stringMatching(/^events\.out\.tfevents\./),
      'final',
      'metrics.jsonl',
      'report.html',
    ]);
    const metrics = await lines(at('run/metrics.jsonl'));
    expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(metrics[0]?.loss).toBeCloseTo(Math.LN2, 6); // the policy is the reference at first
    expect(metrics[2]?.loss).toBeLessThan(Math.LN2);
    expect(Object.keys(metrics[0] ?? {})).toEqual(
      expect.arrayContaining([
        'rewards/chosen',
        'rewards/rejected',
        'rewards/accuracies',
        'rewards/margins',
        'logps/chosen',
        'grad_norm',
        'learning_rate',
        'epoch',
        'pairs_per_second',
        'peak_rss_bytes',
      ]),
    );
    const scores = await runCli(['score', '--model', at('run/final'), '--ref', model, '--data', data, ...cpu]);
    expect(scores.code).toBe(0);
    const score = JSON.parse(scores.out[3] ?? '') as Record<string, number>;
    expect(Object.keys(score)).toEqual([
      'index',
      'policyChosenLogp',
      'policyRejectedLogp',
      'referenceChosenLogp',
      'referenceRejectedLogp',
      'rewardChosen',
      'rewardRejected',
      'margin',
      'chosenTokens',
      'rejectedTokens',
    ]);
    const n = (key: string) => score[key] as number;
    expect(n('rewardChosen')).toBeCloseTo(0.1 * (n('policyChosenLogp') - n('referenceChosenLogp')), 9);
    expect(n('margin')).toBeCloseTo(n('rewardChosen') - n('rewardRejected'), 9);
    expect(n('margin')).toBeGreaterThan(0);
  });

  it('goes on exactly where it was interrupted', async () => {
    const whole = await runCli(train('whole', '--max-steps', '6'));
    expect(whole.code).toBe(0);
    const first = await runCli(train('halves', '--max-steps', '6'), (line, stop) => {
      if (line.startsWith('step 3/')) stop();
    });
    expect(first.code).toBe(130);
    expect(await readdir(at('halves'))).toContain('checkpoint-3');
    const changed = await runCli(train('halves', '--max-steps', '6', '--beta', '0.2', '--resume'));
    expect(changed.code).toBe(1);
    expect(changed.notes.join()).toContain('beta was 0.1, is 0.2');
    expect(changed.notes.join()).not.toContain('Engine:'); // the error comes before anything is opened
    const second = await runCli(train('halves', '--max-steps', '6', '--resume'));
    expect(second.code).toBe(0);
    const losses = async (run: string) =>
      (await lines(at(`${run}/metrics.jsonl`))).map(({ step, loss }) => [step, loss]);
    expect(await losses('halves')).toEqual(await losses('whole'));
    const weights = (run: string) => readFile(at(`${run}/final/model.safetensors`));
    expect((await weights('halves')).equals(await weights('whole'))).toBe(true);
  });

  it('reaches the same loss in micro-batches, and with a precomputed reference', async () => {
    const last = async (...args: readonly string[]) => {
      const output = `run-${args.join('')}`;
      expect((await runCli(train(output, '--no-shuffle', ...args))).code).toBe(0);
      return (await lines(at(`${output}/metrics.jsonl`))).at(-1)?.loss as number;
    };
    const expected = await last();
    expect(await last('--batch-size', '1', '--grad-accumulation', '4')).toBeCloseTo(expected, 5);
    expect(await last('--precompute-reference')).toBeCloseTo(expected, 5);
    expect(await last('--ref', model)).toBeCloseTo(expected, 5);
  });

  it('trains an adapter, which is scored on its base', async () => {
    const { code } = await runCli(train('lora', '--lora-rank', '2'));
    expect(code).toBe(0);
    expect(await readdir(at('lora/final'))).toEqual(
      expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']),
    );
    const { out } = await runCli(['score', '--model', at('lora/final'), '--ref', model, '--data', data, ...cpu]);
    expect((JSON.parse(out[0] ?? '') as { margin: number }).margin).not.toBe(0);
  });

  it('refuses to replace a finished run without --overwrite', async () => {
    expect((await runCli(train('run', '--max-steps', '1'))).code).toBe(0);
    const again = await runCli(train('run', '--max-steps', '1'));
    expect([again.code, again.notes[0]]).toEqual([1, `Error: ${at('run')} holds a run already.`]);
    expect((await runCli(train('run', '--max-steps', '1', '--overwrite'))).code).toBe(0);
  });
});

describe('the other commands', () => {
  it('fine-tune, sample and build pairs', async () => {
    const tuned = await runCli([
      'sft',
      '--model',
      model,
      '--data',
      data,
      '--output',
      at('sft'),
      '--learning-rate',
      '0.01',
      '--max-steps',
      '4',
      ...cpu,
    ]);
    expect(tuned.code).toBe(0);
    const metrics = await lines(at('sft/metrics.jsonl'));
    expect(metrics.at(-1)?.loss).toBeLessThan(metrics[0]?.loss as number);

    await writeFile(at('prompts.jsonl'), '{"prompt": "Q1:"}\n"Q2:"\n');
    const sample = [
      'generate',
      '--model',
      at('sft/final'),
      '--prompts',
      at('prompts.jsonl'),
      '--samples',
      '4',
      '--max-new-tokens',
      '6',
      '--seed',
      '3',
      ...cpu,
    ];
    expect((await runCli([...sample, '--out', at('samples.jsonl')])).code).toBe(0);
    const samples = await lines(at('samples.jsonl'));
    expect(samples.map(({ index, sample }) => [index, sample])).toEqual(
      [0, 1].flatMap((i) => [0, 1, 2, 3].map((s) => [i, s])),
    );
    expect((await runCli([...sample, '--json'])).out.map((line) => JSON.parse(line) as unknown)).toEqual(samples);
    // With a piece of the first answer as the end of answers, the answer ends there. Its tokens are the first ones of before.
    const [whole] = samples as unknown as { text: string; tokens: number[] }[];
    const stop = whole?.text.slice(2, 4) ?? '';
    const [cut] = (await runCli([...sample, '--json', '--stop', stop])).out.map(
      (line) => JSON.parse(line) as typeof whole,
    );
    expect(cut?.text).toBe(whole?.text.slice(0, whole.text.indexOf(stop)));
    expect(cut?.tokens).toEqual(whole?.tokens.slice(0, cut?.tokens.length));

    const converted = await runCli(['data', 'convert', data, at('pairs.arrow')]);
    expect(converted.code).toBe(0);
    const inspection = await runCli(['data', 'inspect', at('pairs.arrow'), '--json']);
    expect(JSON.parse(inspection.out.join('\n'))).toMatchObject({ rows: 12, prompts: 5, duplicates: [] });
  });
});

describe('bad input is one clear message, and nothing is written', () => {
  const bad = async (args: readonly string[], code: number, message: string) => {
    const before = (await readdir(folder)).sort();
    const result = await runCli(args);
    expect(result.code).toBe(code);
    expect(result.notes.filter((line) => line.startsWith('Error:'))).toHaveLength(1);
    expect(result.notes.join('\n')).toContain(message);
    expect((await readdir(folder)).sort()).toEqual(before);
  };

  it('in the words of the command', async () => {
    await bad(['trian'], 2, 'Did you mean "train"?');
    await bad(train('run', '--learning-rat', '1'), 2, 'Did you mean --learning-rate?');
    await bad(train('run', '--lora-alpha', '4'), 2, '--lora-alpha is about a new adapter');
    await bad(train('run', '--resume'), 1, 'holds no checkpoint to resume from');
    await bad(['generate', '--model', model], 2, 'needs either --prompt or --prompts');
  });

  it('in the data', async () => {
    await writeFile(data, '{"prompt": "a", "chosen": "b", "rejected": "c"}\n{"prompt": \n');
    await bad(train('run'), 1, 'pairs.jsonl, line 2');
    await writeFile(data, '{"prompt": "a", "chosen": "b", "rejectd": "c"}\n');
    await bad(train('run'), 1, 'the key "rejected" is missing');
    await writeFile(data, '');
    await bad(train('run'), 1, 'pairs.jsonl');
    await bad(['score', '--model', model, '--data', at('none.jsonl')], 1, 'none.jsonl');
  });

  it('in the model and the places', async () => {
    await bad([...train('run').slice(0, 2), at('none'), ...train('run').slice(3)], 1, 'There is no model at');
    await bad(train('run', '--lora-rank', '2', '--lora-targets', 'q_prj'), 1, 'q_prj');
    await writeFile(at('file'), '');
    await bad(train('file/run'), 1, 'has a file where a folder is needed');
    const weights = join(model, 'model.safetensors');
    await writeFile(weights, (await readFile(weights)).subarray(0, 900));
    await bad(train('run'), 1, 'model.safetensors');
  });

  it('in reference log-probabilities of another model', async () => {
    await mkdir(at('x'));
    await writeFile(
      data,
      '{"prompt": "a", "chosen": "b", "rejected": "c", "reference_chosen_logp": -1, "reference_rejected_logp": -2}\n',
    );
    await bad(train('run'), 1, 'are not those of this model');
  });
});
