import { appendFile, cp, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';

let shared: string;
let folder: string;
const at = (name: string) => join(folder, name);
const inRun = (name: string) => at(join('run', name));

/** Trains on the folder's model and pairs into `run`; checkpoints are of steps 2 and 4. */
const train = (...more: string[]): Promise<CliResult> =>
  runCli([
    ...['train', '--model', at('model'), '--ref', at('reference'), '--data', at('pairs.jsonl'), '--output', at('run')],
    ...['--batch-size', '4', '--engine', 'cpu', '--save-steps', '2', '--no-tensorboard', '--learning-rate', '0.01'],
    ...['--eval-data', at('held-out.jsonl'), '--max-steps', '5', ...more],
  ]);

/** Every test has a copy of one run of four steps. The folder `five` holds the same run of five steps. */
beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'dpo-resume-'));
  folder = join(shared, 'four');
  await cp(await tinyModelFolder(join(shared, 'model')), at('model'), { recursive: true });
  await cp(await tinyModelFolder(join(shared, 'other'), 2), at('reference'), { recursive: true });
  await pairsFile(folder);
  await cp(at('pairs.jsonl'), at('held-out.jsonl'));
  expect(await train('--max-steps', '5')).toMatchObject({ code: 0 });
  await rename(at('run'), join(shared, 'five'));
  expect(await train('--max-steps', '4')).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rm(shared, { recursive: true, force: true }));

let copies = 0;
beforeEach(async () => {
  folder = join(shared, `copy-${copies++}`);
  await cp(join(shared, 'four'), folder, { recursive: true });
});

/** Puts the copy's paths into the run's configuration, which has the paths of the first folder. */
async function fixPaths(): Promise<void> {
  for (const name of ['config.json', 'checkpoint-2/trainer_state.json', 'checkpoint-4/trainer_state.json']) {
    const text = await readFile(inRun(name), 'utf8');
    await writeFile(inRun(name), text.replaceAll(join(shared, 'four'), folder));
  }
}
beforeEach(fixPaths);

const weights = (run: string) => readFile(join(run, 'final', 'model.safetensors'));

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

async function flipLastByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
  await writeFile(path, bytes);
}

async function expectWhole(result: CliResult): Promise<void> {
  expect(result.notes.join('\n')).toContain('Trained 5 steps');
  expect(result.code).toBe(0);
  expect((await weights(at('run'))).equals(await weights(join(shared, 'five')))).toBe(true);
  const steps = (await readFile(inRun('metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(steps.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([1, 2, 3, 4, 5]);
}

describe('dpo train --resume', () => {
  it('ends in the same bytes as the unbroken run', async () => {
    await expectWhole(await train('--resume'));
  });

  const tokenizer = (text: string) => text.replace('"added_tokens"', '"other": 1, "added_tokens"');
  const cases: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ['weights', () => flipLastByte(at('model/model.safetensors')), 'model.safetensors of the model has other content'],
    ['tokenizer', () => edit(at('model/tokenizer.json'), tokenizer), 'tokenizer.json of the model has other content'],
    ['template', () => writeFile(at('model/chat_template.jinja'), 'x'), 'chat_template.jinja of the model is new'],
    [
      'end tokens',
      () => writeFile(at('model/generation_config.json'), '{"eos_token_id": 1}'),
      'generation_config.json of the model is new',
    ],
    [
      'settings',
      () => edit(at('model/config.json'), (text) => text.replace('{', '{"x": 1,')),
      'config.json of the model',
    ],
    [
      'reference',
      () => flipLastByte(at('reference/model.safetensors')),
      'model.safetensors of the reference has other',
    ],
    [
      'data',
      () => appendFile(at('pairs.jsonl'), '{"prompt":"a","chosen":"b","rejected":"c"}\n'),
      'the data have other',
    ],
  ];
  it.each(cases)('refuses another %s, and writes nothing', async (_, change, message) => {
    await change();
    const before = await readdir(at('run'));
    const { code, notes } = await train('--resume');
    expect(code).toBe(1);
    expect(notes.join('\n')).toContain(message);
    expect(await readdir(at('run'))).toEqual(before);
  });

  it('goes on when the same content has other names', async () => {
    await symlink(at('model'), at('link'));
    await cp(at('reference'), at('elsewhere'), { recursive: true });
    await rename(at('pairs.jsonl'), at('renamed.jsonl'));
    const names = ['--model', at('link'), '--ref', at('elsewhere'), '--data', at('renamed.jsonl')];
    await expectWhole(await train('--resume', ...names));
  });

  it('names another model by its files, and a model that was added or left out by its option', async () => {
    const other = await train('--resume', '--model', at('reference'));
    expect(other.code).toBe(1);
    expect(other.notes.join('\n')).toContain('model.safetensors of the model has other content');
    const more = await train('--resume', '--adapter', at('model'));
    expect(more.code).toBe(1);
    expect(await readdir(at('run'))).not.toContain('checkpoint-5');
  });

  it('names all that has changed', async () => {
    await flipLastByte(at('model/model.safetensors'));
    await writeFile(at('model/chat_template.jinja'), 'x');
    const { notes } = await train('--resume');
    expect(notes.join('\n')).toContain(
      'chat_template.jinja of the model is new; model.safetensors of the model has other content than then.',
    );
  });

  it('refuses other held-out data only when evaluations are compared with earlier ones', async () => {
    await appendFile(at('held-out.jsonl'), '{"prompt":"a","chosen":"b","rejected":"c"}\n');
    const loadBest = await train('--resume', '--load-best');
    expect(loadBest.code).toBe(1);
    expect(loadBest.notes.join('\n')).toContain('the held-out data have other content');
    await expectWhole(await train('--resume'));
  });

  it('goes on with a run of an earlier version, and says what is not checked', async () => {
    await edit(inRun('config.json'), (text) => {
      const { identity: _, ...config } = JSON.parse(text) as Record<string, unknown>;
      const { resumeFrom: __, minDelta: ___, ...options } = config.options as Record<string, unknown>;
      return JSON.stringify({ ...config, options });
    });
    const result = await train('--resume');
    expect(result.notes.join('\n')).toContain('begun by an earlier version, which kept no digests');
    await expectWhole(result);
  });

  it.each([
    ['truncated weights', () => truncate(inRun('checkpoint-4/model.safetensors'), 1000)],
    ['one other bit in the optimizer', () => flipLastByte(inRun('checkpoint-4/optimizer.safetensors'))],
    ['no state', () => rm(inRun('checkpoint-4/trainer_state.json'))],
    ['an empty state', () => truncate(inRun('checkpoint-4/trainer_state.json'), 0)],
  ])('passes over a newest checkpoint with %s, names and keeps it', async (_, damage) => {
    await damage();
    const result = await train('--resume');
    const notes = result.notes.join('\n');
    expect(notes).toContain(`Passed over: ${inRun('checkpoint-4')} is not a checkpoint that can be read`);
    expect(notes).toContain(`Going on from ${inRun('checkpoint-2')}, after step 2.`);
    await expectWhole(result);
    expect(await readdir(at('run'))).toEqual(
      expect.arrayContaining(['checkpoint-4', 'checkpoint-5', 'torn-checkpoint-4']),
    );
  });

  it('says so when no checkpoint is whole', async () => {
    for (const step of [2, 4]) await rm(inRun(`checkpoint-${step}/trainer_state.json`));
    const { code, notes } = await train('--resume');
    expect(code).toBe(1);
    expect(notes.join('\n')).toContain('holds no whole checkpoint: checkpoint-4, checkpoint-2 cannot be read');
  });

  it('goes on from the checkpoint that --resume-from names, wherever it is and whatever it is called', async () => {
    await rename(inRun('checkpoint-2'), at('saved'));
    const result = await train('--resume-from', at('saved'));
    expect(result.notes.join('\n')).toContain(`Going on from ${at('saved')}, after step 2.`);
    await expectWhole(result);
    expect(await readdir(at('run'))).toEqual(expect.arrayContaining(['later-checkpoint-4', 'checkpoint-4']));
  });

  it('refuses a checkpoint by --resume-from that is torn, or of another run', async () => {
    const refusal = async () => {
      const { code, notes } = await train('--resume-from', inRun('checkpoint-2'));
      expect(code).toBe(1);
      return notes.join('\n');
    };
    const state = inRun('checkpoint-2/trainer_state.json');
    const text = await readFile(state, 'utf8');
    await writeFile(state, text.replace('"seed": 0', '"seed": 1'));
    expect(await refusal()).toContain('is of another run than');
    await writeFile(state, text.replace(/"run": "[0-9a-f]+"/, '"run": "0123"'));
    expect(await refusal()).toContain('its data or its models have other content');
    await rm(inRun('checkpoint-2/model.safetensors'));
    expect(await refusal()).toContain('model.safetensors is missing');
  });

  it.each([
    ['config.json', '', 'is not valid JSON'],
    ['config.json', 'null', 'it holds no JSON object'],
    ['config.json', '{"command":"train","options":7}', '"options" is missing or wrong'],
    ['config.json', '{"command":"train","options":{},"dataset":{}}', '"dataset.fingerprint" is missing or wrong'],
    ['metrics.jsonl', '{"step":1}\nnull\n{"step":3}\n', 'metrics.jsonl, line 2 is no record'],
  ])('names a damaged %s: %j', async (name, content, message) => {
    await writeFile(inRun(name), content);
    const { code, notes } = await train('--resume');
    expect(code).toBe(1);
    expect(notes.join('\n')).toContain(message);
    expect(notes.join('\n')).not.toContain('defect');
  });
});

describe('dpo train', () => {
  it('begins a run again that left records and no checkpoint, without an option', async () => {
    for (const name of ['checkpoint-2', 'checkpoint-4', 'final', 'report.html'])
      await rm(inRun(name), { recursive: true });
    const resume = await train('--resume');
    expect(resume.notes.join('\n')).toContain('Leave --resume out to begin the run.');
    await expectWhole(await train());
  });

  it('does not send the user of a finished run without checkpoints in a circle', async () => {
    for (const step of [2, 4]) await rm(inRun(`checkpoint-${step}`), { recursive: true });
    const { code, notes } = await train('--resume');
    expect(code).toBe(1);
    const text = notes.join('\n');
    expect(text).toContain('holds a finished run');
    expect(text).toContain(inRun('final'));
    expect(text).toContain('--overwrite');
    expect(text).not.toContain('Leave --resume out');
  });

  it('suggests a next command that can be run unchanged', async () => {
    const { notes } = await train('--overwrite');
    const next = notes.find((line) => line.startsWith('Next:')) ?? '';
    const [, model, prompt] = / generate --model (\S+) --prompt "(.+)"$/.exec(next) ?? [];
    expect(model).toBe(inRun('final'));
    const answer = ['generate', '--model', String(model), '--prompt', String(prompt)];
    expect(await runCli([...answer, '--max-new-tokens', '2', '--engine', 'cpu'])).toMatchObject({ code: 0 });
  });

  it('does not replace a run that has a checkpoint, or is finished', async () => {
    expect((await train()).notes.join('\n')).toContain('go on with it by --resume, or replace it by --overwrite');
    for (const step of [2, 4]) await rm(inRun(`checkpoint-${step}`), { recursive: true });
    expect((await train()).notes.join('\n')).toMatch(/holds a run already.*\n.*--output, or replace it by --overwrite/);
  });
});
