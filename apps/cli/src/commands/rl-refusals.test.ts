import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { testEngine } from '@dpo/engine/test';
import { createModel, saveModel } from '@dpo/models';
import { tinyTokenizer } from '@dpo/models/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RlFolder, rlFolder } from './_rl-for-tests.js';

let place: RlFolder;
beforeAll(async () => {
  place = await rlFolder();
  const { at } = place;
  const write = (name: string, text: string) => writeFile(at(name), text);
  await write('empty.jsonl', '\n');
  await write('long.jsonl', JSON.stringify({ prompt: 'a very long prompt of many words' }));
  await write('chats.jsonl', JSON.stringify({ prompt: [{ role: 'user', content: 'Hello' }] }));
  const each = (of: string) => `export default async (prompt, answers) => answers.map((answer, k) => ${of});`;
  await write('nan.mjs', each('(prompt === "I" && k === 1 ? NaN : 1)'));
  await write('infinity.mjs', each('(k === 0 ? -Infinity : 1)'));
  await write('throws.mjs', 'export default () => { throw new Error("no such service"); };');
  await write(
    'odd.mjs',
    'export default (prompt, answers) => { if (prompt === "I") throw new Error("odd"); return [1, 2]; };',
  );
  await write('few.mjs', 'export default async () => [1];');
  await write('hangs.mjs', 'export default () => { for (;;); };');
  await write('waits.mjs', 'export default () => new Promise(() => undefined);');
  await write('leaves.mjs', 'export default () => process.exit(3);');
  await write('broken.mjs', 'export default (');
  await write('nothing.mjs', 'export default 5;');
  await chatModel(at('chat-model'));
});
afterAll(() => rm(place.folder, { recursive: true, force: true }));

const classifier = (name: string) =>
  fileURLToPath(new URL(`../../../../tooling/parity/fixtures/classifiers/${name}`, import.meta.url));

/** A tiny model whose tokenizer has a chat template. */
async function chatModel(folder: string): Promise<void> {
  const engine = testEngine();
  const tokenizer = tinyTokenizer({ chat: true });
  const shape = { model_type: 'gpt2', vocab_size: tokenizer.vocabSize, n_embd: 8, n_layer: 1, n_head: 1 };
  const model = createModel(engine, { ...shape, n_positions: 64 }, { seed: 1 });
  await saveModel(model, folder, { source: { tokenizerFiles: { ...tokenizer.files } } });
  await engine.dispose();
}

describe('bad input is an error before anything is trained', () => {
  it.each([
    ['has no prompts', 1, ['--data', 'empty.jsonl']],
    ['has no prompts', 1, ['--eval-data', 'empty.jsonl']],
    ['rloo needs at least 2 samples to a prompt, got 1', 2, ['--samples', '1']],
    ['grpo needs at least 2 samples to a prompt, got 1', 2, ['--samples', '1', '--method', 'grpo']],
    ['divided evenly into 3 minibatches', 2, ['--minibatches', '3']],
    ['--kl-target steers --beta by factors', 2, ['--kl-target', '2', '--beta', '0']],
    ['--kl-target is for rloo', 2, ['--kl-target', '2', '--method', 'online-dpo']],
    ['--beta is for rloo', 2, ['--beta', '1', '--method', 'rejection-sampling']],
    ['the loss of online-dpo is the same for all models', 2, ['--beta', '0', '--method', 'online-dpo']],
    ['--value-weight is for ppo, not rloo', 2, ['--value-weight', '1']],
    ['where 14 leave room for 50 new ones', 1, ['--max-new-tokens', '50', '--data', 'long.jsonl']],
    ['vadre is no reward: neither vader nor a module nor a reward model', 1, ['--reward', 'vadre']],
    ['model is no reward', 1, ['--reward', './model']],
    ['missing.mjs', 1, ['--reward', 'missing.mjs']],
    ['broken.mjs cannot be loaded as a reward', 1, ['--reward', 'broken.mjs']],
    ['nothing.mjs exports no function by default, but number', 1, ['--reward', 'nothing.mjs']],
    ['sample 1 of prompt 2 is NaN', 1, ['--reward', 'nan.mjs', '--prompts-per-batch', '4']],
    ['sample 0 of prompt 0 is -Infinity', 1, ['--reward', 'infinity.mjs', '--no-shuffle']],
    ['failed on samples 0, 1 of prompt', 1, ['--reward', 'throws.mjs']],
    ['failed on samples 0, 1 of prompt 2: odd', 1, ['--reward', 'odd.mjs', '--prompts-per-batch', '4']],
    ['its thread ended', 1, ['--reward', 'leaves.mjs']],
    ['gave 1 numbers for the 2 answers to prompt', 1, ['--reward', 'few.mjs']],
    ['did not come within 0.3 s', 1, ['--reward', 'hangs.mjs', '--reward-seconds', '0.3']],
    [
      'of samples 0, 1 of prompt 0 did not come',
      1,
      ['--reward', 'waits.mjs', '--reward-seconds', '0.1', '--no-shuffle'],
    ],
    [
      'did not score samples 0 to 1 of prompts 0, 1 within',
      1,
      ['--reward', 'CLASSIFIER', '--reward-seconds', '1e-6', '--no-shuffle'],
    ],
    ['cannot read the prompts', 1, ['--reward', 'REWARD', '--model', 'chat-model', '--data', 'chats.jsonl']],
  ] as const)('%s', async (says, exit, words) => {
    const { at, rl } = place;
    const paths: Readonly<Record<string, string>> = {
      './model': at('model'),
      ...{ CLASSIFIER: classifier('distilbert'), REWARD: classifier('qwen2') },
    };
    const isFile = (word: string) => /\.(jsonl|mjs)$/.test(word) || word === 'chat-model';
    const { code, notes } = await rl('bad', ...words.map((word) => paths[word] ?? (isFile(word) ? at(word) : word)));
    expect(notes.join('\n')).toContain(says);
    expect(code).toBe(exit);
    // Neither a record nor a configuration: the same command begins anew.
    expect(await readdir(at('bad')).catch(() => [])).toEqual([]);
  });
});

it('a reward that fails costs no run that was to be replaced', async () => {
  const { at, rl, weights } = place;
  expect((await rl('old', '--max-steps', '1')).code).toBe(0);
  const before = await weights('old');
  expect((await rl('old', '--max-steps', '1', '--overwrite', '--reward', at('nan.mjs'), '--seed', '4')).code).toBe(1);
  expect(await weights('old')).toEqual(before);
  expect((await rl('old', '--max-steps', '1', '--overwrite')).code).toBe(0);
});

it('a reward that fails in a later batch costs no update, though no checkpoint was asked for', async () => {
  const { at, rl, weights, records } = place;
  // Fails in the second batch as long as the file is there.
  await writeFile(
    at('service.mjs'),
    `import { existsSync } from 'node:fs';
let batches = new Set();
export default async (prompt, answers) => {
  if (existsSync(${JSON.stringify(at('down'))}) && batches.size >= 2) throw new Error('the service is down');
  batches.add(prompt);
  return answers.map((answer) => answer.split('a').length);
};`,
  );
  const run = ['--reward', at('service.mjs'), '--max-steps', '3', '--no-shuffle'];
  expect((await rl('up', ...run)).code).toBe(0);
  await writeFile(at('down'), '');
  const failed = await rl('broken', ...run);
  expect(failed.code).toBe(1);
  expect(failed.notes.join('\n')).toMatch(/failed on samples 0, 1 of prompt 2: the service is down.*--resume/s);
  expect((await records('broken')).map(({ step }) => step)).toEqual([1]);
  expect(existsSync(at('broken/checkpoint-1'))).toBe(true);
  await rm(at('down'));
  expect((await rl('broken', ...run, '--resume')).code).toBe(0);
  expect(await weights('broken')).toEqual(await weights('up'));
  expect((await readFile(at('broken/metrics.jsonl'), 'utf8')).trimEnd().split('\n').length).toBe(3);
});
