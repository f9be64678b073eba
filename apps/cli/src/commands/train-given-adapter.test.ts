import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '@dpo/base';
import { testEngine } from '@dpo/engine/test';
import { addLora, type LoraOptions, loadModel, saveAdapter } from '@dpo/models';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let folder: string;
let model: string;
let data: string;
const kinds: Readonly<Record<string, Partial<LoraOptions>>> = {
  lora: {},
  dora: { dora: true },
  rslora: { rsLora: true },
  saved: { modulesToSave: ['ln_f', 'wte'] },
};

/** Writes an adapter that changes the base's predictions, like an adapter from SFT. */
async function writeAdapter(base: string, options: Partial<LoraOptions>, into: string): Promise<void> {
  const engine = testEngine();
  const { model, source } = await loadModel(engine, base);
  const withLora = await addLora(model, { rank: 2, alpha: 4, seed: 1, ...options });
  const uniform = random(3);
  for (const variable of withLora.trainable().values())
    variable.write((await variable.read()).map((value) => value + 0.4 * (uniform() - 0.5)));
  await saveAdapter(withLora, into, { source });
  await engine.dispose();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-given-'));
  [model, data] = [await tinyModelFolder(join(folder, 'model')), await pairsFile(folder, 6)];
  for (const [name, options] of Object.entries(kinds)) await writeAdapter(model, options, join(folder, name));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let output: string;
beforeEach(async () => {
  output = join(folder, 'run');
  await rm(output, { recursive: true, force: true });
});

/** Trains, and returns the records and the notes. */
async function train(...options: string[]): Promise<{ records: Record<string, number>[]; notes: string }> {
  const common = [
    'train',
    '--data',
    data,
    '--output',
    output,
    '--engine',
    'cpu',
    '--batch-size',
    '2',
    '--max-steps',
    '2',
  ];
  const { code, notes } = await runCli([...common, '--learning-rate', '0.02', ...options]);
  expect(code, notes.join('\n')).toBe(0);
  const lines = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return { records: lines.map((line) => JSON.parse(line) as Record<string, number>), notes: notes.join('\n') };
}

const numbers = (records: readonly Record<string, number>[]) =>
  records.map(({ loss, grad_norm, eval_loss, 'rewards/margins': margin }) => [loss, grad_norm, margin, eval_loss]);

function expectSame(actual: readonly Record<string, number>[], expected: readonly Record<string, number>[]): void {
  expect(actual).toHaveLength(expected.length);
  numbers(expected).forEach((ofStep, i) => {
    ofStep.forEach((value, k) => {
      const number = numbers(actual)[i]?.[k];
      if (value === undefined) expect(number).toBeUndefined();
      else expect(Math.abs((number as number) - value)).toBeLessThan(1e-4);
    });
  });
}

describe.each(Object.keys(kinds))('an adapter that is given: %s', (name) => {
  const adapter = () => ['--model', model, '--adapter', join(folder, name)];

  it('begins at ln 2 and is held to base plus adapter as given, opened a second time', async () => {
    const own = await train(...adapter());
    expect(own.records[0]?.loss).toBeCloseTo(Math.LN2, 5);
    expect(own.records[0]?.['rewards/margins']).toBeCloseTo(0, 5);
    expect(own.records.at(-1)?.loss).toBeLessThan(0.69);
    expect(own.notes).toContain('Reference: the base with the adapter as given.');
    const second = await train(...adapter(), '--ref', join(folder, name), '--overwrite');
    expectSame(own.records, second.records);
  });
});

describe('a given adapter as the reference', () => {
  const adapter = () => ['--model', model, '--adapter', join(folder, 'lora')];

  it('is the same when the adapter’s folder is the model, when it is precomputed, and in evaluations', async () => {
    const heldOut = ['--eval-data', data, '--eval-steps', '2'];
    const own = await train(...adapter(), ...heldOut);
    for (const options of [
      ['--model', join(folder, 'lora')],
      [...adapter(), '--precompute-reference'],
    ])
      expectSame((await train(...options, ...heldOut, '--overwrite')).records, own.records);
  });

  it('is the policy of the beginning after a run was resumed', async () => {
    const whole = await train(...adapter());
    await rm(output, { recursive: true });
    const until = ['--save-steps', '1', '--learning-rate', '0.02'];
    const interrupted = await runCli(
      [
        ...['train', '--data', data, '--output', output, '--engine', 'cpu', '--batch-size', '2', '--max-steps', '3'],
        ...[...adapter(), ...until],
      ],
      (line, stop) => {
        if (line.includes('2/3')) stop();
      },
    );
    expect(interrupted.code).toBe(130);
    expectSame((await train(...adapter(), ...until, '--resume')).records, whole.records);
  });

  it('begins as the given adapter when it follows the policy', async () => {
    const { records, notes } = await train(...adapter(), '--ref-sync-steps', '1', '--ref-mixup-alpha', '1');
    // The reference is copied after each step, and is the policy again at the next step.
    for (const { loss } of records) expect(loss).toBeCloseTo(Math.LN2, 5);
    expect(notes).toContain('Reference: the base with the adapter as given; it follows the policy');
  });

  it('is compared with log-probabilities in the data', async () => {
    const scores = join(folder, 'scored.jsonl');
    const score = ['score', '--model', join(folder, 'lora'), '--data', data, '--out', scores, '--engine', 'cpu'];
    expect((await runCli(score)).code).toBe(0);
    const logps = (await readFile(scores, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const rows = (await readFile(data, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const withReference = join(folder, 'stored.jsonl');
    await writeFile(
      withReference,
      rows
        .map((row, i) => ({
          ...row,
          reference_chosen_logp: logps[i].policyChosenLogp,
          reference_rejected_logp: logps[i].policyRejectedLogp,
        }))
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    );
    const { records, notes } = await train(...adapter(), '--data', withReference);
    expect(notes).toContain(
      'Reference: the log-probabilities in the data, which are those of the base with the adapter',
    );
    expect(records[0]?.loss).toBeCloseTo(Math.LN2, 4);
    const bare = await runCli([
      'train',
      '--model',
      model,
      '--data',
      withReference,
      '--output',
      output,
      '--engine',
      'cpu',
      '--overwrite',
    ]);
    expect(bare.notes.join('\n')).toContain('not those of this model');
  });

  it('is the reference of drawn answers', async () => {
    const draw = ['--eval-data', data, '--eval-steps', '3', '--eval-samples', '3', '--eval-sample-tokens', '5'];
    const { records } = await train(...adapter(), ...draw, '--learning-rate', '1e-12');
    expect(Math.abs(records.at(-1)?.eval_kl as number)).toBeLessThan(1e-4);
  });
});
