import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findLibrary } from '@dpo/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModelFolder } from '../_cli-for-tests.js';
import { programFromSources, startProgram } from '../_program-for-tests.js';

let folder: string;
let script: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-rl-killed-'));
  script = await programFromSources(at('program'));
  await tinyModelFolder(at('model'));
  const prompts = Array.from({ length: 6 }, (_, i) => `${JSON.stringify({ prompt: `Q${i}:` })}\n`);
  await writeFile(at('prompts.jsonl'), prompts.join(''));
  // Notes what it is asked, and kills the process from its thread: when it is asked, or some milliseconds after a checkpoint.
  await writeFile(
    at('reward.mjs'),
    `import { appendFileSync, existsSync } from 'node:fs';
const kill = () => process.kill(process.pid, 'SIGKILL');
const { KILL_AFTER, KILL_IN_REWARD } = process.env;
const watch = setInterval(() => {
  if (!KILL_AFTER || !existsSync(KILL_AFTER)) return;
  clearInterval(watch);
  setTimeout(kill, 20);
}, 1);
export default async (prompt, answers) => {
  appendFileSync(${JSON.stringify(at('asked'))}, prompt + '\\n');
  if (KILL_IN_REWARD) kill();
  return answers.map((answer) => answer.split(/[aeiou]/).length);
};`,
  );
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Two updates to each batch of six prompts, three batches. */
const start = (method: string, output: string, env: NodeJS.ProcessEnv, ...more: string[]) =>
  startProgram(
    script,
    [
      ...['rl', '--model', at('model'), '--data', at('prompts.jsonl'), '--output', at(output), '--engine', 'cpu'],
      ...['--method', method, '--reward', at('reward.mjs'), '--prompts-per-batch', '6', '--samples', '2'],
      ...['--max-new-tokens', '24', '--minibatches', '2', '--iterations', '1', '--learning-rate', '0.01'],
      ...['--max-steps', '6', '--save-steps', '1', '--schedule', 'cosine', '--no-tensorboard', ...more],
    ],
    env,
  );

/** The lines of a file; none where there is no file. */
const lines = async (name: string) => (await readFile(at(name), 'utf8').catch(() => '')).split('\n').length - 1;

it.each(['rloo', 'ppo'])(
  '%s that is killed in an update, in sampling and in the reward ends in the same bytes',
  async (method) => {
    const [whole, parts] = [`${method}-whole`, `${method}-parts`];
    const unbroken = start(method, whole, {});
    expect(await unbroken.ended, unbroken.notes()).toEqual({ code: 0, signal: null });
    await rm(at('asked'));

    const killed = async (env: NodeJS.ProcessEnv, ...more: string[]) => {
      const program = start(method, parts, env, ...more);
      expect(await program.ended, program.notes()).toEqual({ code: null, signal: 'SIGKILL' });
      return [await lines(`${parts}/metrics.jsonl`), await lines('asked')];
    };
    // In the second update to the first batch, which is half gone through.
    expect(await killed({ KILL_AFTER: at(`${parts}/checkpoint-1`) })).toEqual([1, 6]);
    // In sampling the second batch: the second update is done, and the reward has not been asked again.
    expect(await killed({ KILL_AFTER: at(`${parts}/checkpoint-2`) }, '--resume')).toEqual([2, 6]);
    // In the reward of the second batch: the first question killed.
    expect(await killed({ KILL_IN_REWARD: '1' }, '--resume')).toEqual([2, 7]);

    const last = start(method, parts, {}, '--resume');
    expect(await last.ended, last.notes()).toEqual({ code: 0, signal: null });
    const files = ['final/model.safetensors', ...(method === 'ppo' ? ['checkpoint-6/method.safetensors'] : [])];
    for (const file of files)
      expect((await readFile(at(`${parts}/${file}`))).equals(await readFile(at(`${whole}/${file}`))), file).toBe(true);
  },
  120_000,
);

const library = await findLibrary();

describe.runIf(library !== undefined)('the program in its few files, on TensorFlow,', () => {
  const classifier = (name: string) =>
    fileURLToPath(new URL(`../../../../tooling/parity/fixtures/classifiers/${name}`, import.meta.url));

  it.each([
    ['a module', 'module', () => at('reward.mjs')],
    ['a text classifier', 'distilbert', () => classifier('distilbert')],
    ['a reward model', 'qwen2', () => classifier('qwen2')],
  ] as const)(
    'trains by %s',
    async (_, output, reward) => {
      const more = ['--reward', reward(), '--engine', 'tensorflow', '--threads', '1', '--max-new-tokens', '4'];
      const program = start('ppo', output, {}, ...more, '--lora-rank', '2');
      expect(await program.ended, program.notes()).toEqual({ code: 0, signal: null });
      expect(program.notes()).toContain('Engine: TensorFlow');
      expect(await lines(`${output}/metrics.jsonl`)).toBe(6);
      expect((await readFile(at(`${output}/final/adapter_model.safetensors`))).length).toBeGreaterThan(0);
    },
    60_000,
  );
});
