import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftoverName } from '@dpo/base/files';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pairsFile, runCli, tinyModelFolder } from '../_cli-for-tests.js';
import { mountDisk } from '../places/_disks-for-tests.js';
import { treeOf } from '../places/_tree-for-tests.js';

let original: string;
let folder: string;
beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), 'dpo-train-places-'));
  await tinyModelFolder(join(original, 'model'));
  await pairsFile(original);
});
afterAll(() => rm(original, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-train-place-'));
  await cp(original, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);
const train = (output: string, ...more: readonly string[]) =>
  runCli([
    ...['train', '--model', at('model'), '--data', at('pairs.jsonl'), '--output', at(output), '--batch-size', '4'],
    ...['--max-steps', '2', '--engine', 'cpu', '--no-tensorboard', ...more],
  ]);
const weightsOf = (path: string) => readFile(at(`${path}/model.safetensors`), 'base64');

describe('dpo train', () => {
  it('replaces a run of its own, and keeps files from elsewhere', async () => {
    await mkdir(at('disk'));
    await symlink(at('disk'), at('run'));
    expect((await train('run', '--save-steps', '1')).code).toBe(0);
    const first = await weightsOf('run/final');
    for (const name of ['notes.txt', 'final/model.gguf', 'checkpoint-2/notes.txt'])
      await writeFile(at(`run/${name}`), 'mine');
    const again = await train('run', '--overwrite', '--save-steps', '2', '--learning-rate', '0.01');
    expect(again.code, again.notes.join('\n')).toBe(0);
    expect(await weightsOf('run/final')).not.toBe(first);
    for (const name of ['notes.txt', 'final/model.gguf', 'checkpoint-2/notes.txt'])
      expect(await readFile(at(`run/${name}`), 'utf8')).toBe('mine');
    expect(await treeOf(folder)).toContain(`run -> ${at('disk')}`);
    expect(await readdir(at('disk'))).not.toContain('checkpoint-1');
  });

  it('keeps the model and the data, wherever the output lies', async () => {
    const before = await treeOf(folder);
    for (const output of ['model', '', 'model/config.json', 'pairs.jsonl'])
      for (const more of [[], ['--overwrite'], ['--resume']]) {
        const { code, notes } = await train(output, ...more);
        expect(code, notes.join('\n')).not.toBe(0);
        expect(await treeOf(folder)).toEqual(before);
      }
  });

  it('removes files that a killed run left half written', async () => {
    expect((await train('run', '--save-steps', '1')).code).toBe(0);
    const { pid } = spawnSync(process.execPath, ['--version']);
    for (const name of ['final', 'checkpoint-2', 'checkpoint-3'])
      await mkdir(leftoverName(at(`run/${name}`)).replace(`.${process.pid}-`, `.${pid}-`));
    expect((await train('run', '--resume', '--max-steps', '3', '--save-steps', '1')).code).toBe(0);
    expect((await readdir(at('run'))).sort()).toEqual([
      ...['.dpo.json', 'checkpoint-2', 'checkpoint-3', 'config.json', 'final', 'metrics.jsonl', 'report.html'],
    ]);
  });

  it('ends on a full disk with an error that says so, and loses nothing', async ({ skip }) => {
    const disk = mountDisk(at('disk'), 512);
    if (disk === undefined) return skip('no disk can be mounted here');
    try {
      // Room for a checkpoint or two of 17 kB, not for all.
      const { code, notes } = await train(
        'disk/run',
        '--max-steps',
        '9',
        '--save-steps',
        '1',
        '--keep-checkpoints',
        '9',
      );
      expect([code, notes.find((note) => note.startsWith('Error:'))]).toEqual([
        1,
        expect.stringContaining('disk is full'),
      ]);
      const names = await readdir(at('disk/run'));
      expect(names.filter((name) => /partial|lock|old$/.test(name))).toEqual([]);
      expect(names).toContain('checkpoint-1');
      await rm(at('disk/run/checkpoint-1'), { recursive: true });
      const resumed = await train('disk/run', '--max-steps', '9', '--resume', '--keep-checkpoints', '1');
      expect(resumed.code, resumed.notes.join('\n')).toBe(0);
    } finally {
      disk.remove();
    }
  });
});

describe('every command that writes', () => {
  it('says that a disk is full, and leaves existing files', async ({ skip }) => {
    const disk = mountDisk(at('disk'), 64);
    if (disk === undefined) return skip('no disk can be mounted here');
    try {
      await writeFile(at('disk/old.jsonl'), 'old');
      await writeFile(at('disk/filler'), Buffer.alloc(2 ** 20)).catch(() => undefined);
      const samples = [' good', ' great', ' fine', ' bad', ' awful', ' sad'].map((text, index) => ({
        index: 0,
        sample: index,
        prompt: 'Q',
        text,
        answer: text,
        logp: -1,
      }));
      await writeFile(at('samples.jsonl'), samples.map((row) => `${JSON.stringify(row)}\n`).join(''));
      const [model, pairs, old] = [['--model', at('model')], at('pairs.jsonl'), at('disk/old.jsonl')];
      const cpu = ['--engine', 'cpu'];
      const before = await treeOf(at('disk'));
      for (const args of [
        ['score', ...model, '--data', pairs, '--out', old, ...cpu],
        ['generate', ...model, '--prompt', 'Q', '--max-new-tokens', '2', '--out', old, ...cpu],
        ['export', ...model, '--output', at('disk/model'), ...cpu],
        ['data', 'validate', pairs, '--html', old],
        ...['convert', 'filter', 'mix'].map((name) => ['data', name, pairs, old]),
        ['data', 'split', pairs, old, at('disk/new.jsonl')],
        ['data', 'build', at('samples.jsonl'), old],
        ['train', ...model, '--data', pairs, '--output', at('disk/run'), ...cpu],
        ['sft', ...model, '--data', pairs, '--output', at('disk/run'), ...cpu],
        ['demo', '--tiny', '--output', at('disk/run'), ...cpu],
        ['eval', 'sentiment', ...model, '--ref', at('model'), '--prompts', pairs, '--run', at('disk/run'), ...cpu],
        ['report', at('disk/run')],
      ]) {
        const { code, notes } = await runCli(args);
        const errors = notes.filter((note) => note.startsWith('Error:'));
        expect([args[0], args[1], code, errors]).toEqual([
          args[0],
          args[1],
          1,
          [expect.stringContaining('disk is full')],
        ]);
        expect(await treeOf(at('disk'))).toEqual(before);
      }
    } finally {
      disk.remove();
    }
  });
});

describe('dpo data convert', () => {
  it('leaves the old file on a full disk, and nothing half written', async ({ skip }) => {
    const disk = mountDisk(at('disk'), 64);
    if (disk === undefined) return skip('no disk can be mounted here');
    try {
      const large = JSON.stringify({ prompt: 'Q', chosen: 'a'.repeat(90_000), rejected: 'b' });
      await writeFile(at('large.jsonl'), `${large}\n`);
      for (const ending of ['.jsonl', '.arrow', '.csv', '']) {
        const output = `disk/pairs${ending}`;
        expect((await runCli(['data', 'convert', at('pairs.jsonl'), at(output)])).code).toBe(0);
        const before = await treeOf(at('disk'));
        const { code, notes } = await runCli(['data', 'convert', at('large.jsonl'), at(output)]);
        expect([code, notes.join('\n')]).toEqual([
          1,
          expect.stringContaining(`${at(output)} cannot be written: the disk is full`),
        ]);
        expect(await treeOf(at('disk'))).toEqual(before);
        await rm(at(output), { recursive: true });
      }
    } finally {
      disk.remove();
    }
  });
});
