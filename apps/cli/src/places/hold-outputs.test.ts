import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftoverName, lockFolder, writeFolderAtomic, writeMark } from '@dpo/base/files';
import { holdOutputs } from '@dpo/run/command-line';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';
import { parseOptions } from '../command/parse.js';
import { commands } from '../commands/index.js';
import { treeOf } from './_tree-for-tests.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-hold-'));
  for (const name of ['model', 'data', 'empty']) await mkdir(at(name));
  for (const name of ['model/config.json', 'pairs.jsonl', 'data/shard.jsonl']) await writeFile(at(name), '{}');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

/** Guards the outputs of a command, and releases them at once. */
async function passes(name: string, ...args: readonly string[]): Promise<void> {
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) return expect.unreachable();
  const outputs = await holdOutputs(command, await parseOptions(command, args));
  await outputs.release();
}
const train = (output: string, ...more: readonly string[]) =>
  passes('train', '--model', at('model'), '--data', at('pairs.jsonl'), '--output', output, ...more);

describe('holdOutputs', () => {
  it('lets good places pass, and leaves nothing in them', async () => {
    const before = await treeOf(folder);
    await train(at('runs/first'));
    await train(at('empty'));
    // A folder beside the model's files is no part of the model.
    await train(at('model/runs/first'));
    await passes('score', '--model', at('model'), '--data', at('pairs.jsonl'), '--out', at('new/scores.jsonl'));
    await passes('export', '--model', at('model'), '--output', at('empty'));
    await passes('data convert', at('data'), at('folder'));
    expect(await treeOf(folder)).toEqual(before);
  });

  it('refuses an output that is the target of a link in an input folder', async () => {
    await mkdir(at('run'));
    await writeMark(at('run'), { kind: 'run', files: [], command: 'train' });
    await writeFolderAtomic(at('run/final'), 'model', (temporary) =>
      writeFile(join(temporary, 'model.safetensors'), 'weights'),
    );
    await mkdir(at('linked/deep'), { recursive: true });
    await symlink(at('run/final/model.safetensors'), at('linked/model.safetensors'));
    await symlink(at('pairs.jsonl'), at('linked/deep/a.jsonl'));
    // A link to a folder is no file of a model.
    await symlink(at('run'), at('model/latest'));
    await train(at('run'), '--overwrite');
    const before = await treeOf(folder);
    for (const [command, ...args] of [
      ['train', '--model', at('linked'), '--data', at('pairs.jsonl'), '--output', at('run'), '--overwrite'],
      ['data convert', at('linked'), at('pairs.jsonl')],
      ['data convert', at('linked/deep/*.jsonl'), at('pairs.jsonl')],
    ] as const)
      await expect(passes(command, ...args), command).rejects.toMatchObject({ code: 'cli.usage' });
    expect(await treeOf(folder)).toEqual(before);
  });

  it('recognises a run by its mark, or by its configuration', async () => {
    await mkdir(at('marked'));
    await writeMark(at('marked'), { kind: 'run', files: [], command: 'train' });
    await mkdir(at('copied'));
    await writeFile(at('copied/config.json'), JSON.stringify({ command: 'sft', versions: { dpo: '0.0.0' } }));
    for (const name of ['marked', 'copied']) {
      await train(at(name), '--overwrite');
      // An evaluation may measure the run's own model.
      const models = ['--model', at(`${name}/final`), '--ref', at('model'), '--prompts', at('pairs.jsonl')];
      await passes('eval sentiment', ...models, '--run', at(name));
    }
    await expect(train(at('model'))).rejects.toMatchObject({ code: 'run.not-ours' });
    // The error comes before the training, not after hours.
    await mkdir(at('marked/final'));
    await writeFile(at('marked/final/thesis.txt'), 'mine');
    await expect(train(at('marked'), '--overwrite')).rejects.toMatchObject({ code: 'file.not-ours' });
  });

  it('keeps inputs out of outputs, also the base of an adapter', async () => {
    const outputAt = (name: string) =>
      writeFolderAtomic(at(name), 'model', (temporary) => writeFile(join(temporary, 'config.json'), '{}'));
    await outputAt('base');
    await mkdir(at('adapter'));
    const config = JSON.stringify({ base_model_name_or_path: at('base') });
    await writeFile(at('adapter/adapter_config.json'), config);
    const exporting = passes('export', '--model', at('adapter'), '--output', at('base'), '--overwrite');
    await expect(exporting).rejects.toMatchObject({
      code: 'cli.usage',
      message: expect.stringContaining('the base of'),
    });
    await outputAt('run/final');
    await writeMark(at('run'), { kind: 'run', files: [] });
    await expect(
      passes('train', '--model', at('run/final'), '--data', at('pairs.jsonl'), '--output', at('run'), '--overwrite'),
    ).rejects.toMatchObject({ code: 'cli.usage', message: expect.stringContaining('lies in what is written') });
    for (const output of ['data/all.jsonl', 'data/part/all.jsonl'])
      await expect(passes('data convert', `${at('data')}/*.jsonl`, at(output))).rejects.toMatchObject({
        message: expect.stringContaining('would lie in what is read'),
      });
  });

  it('makes no folder in a model, a checkpoint or a dataset of ours', async () => {
    for (const kind of ['model', 'checkpoint', 'dataset'] as const)
      await writeFolderAtomic(at(`run/${kind}`), kind, (temporary) => writeFile(join(temporary, 'file'), 'x'));
    await writeMark(at('run'), { kind: 'run', files: [] });
    await symlink(at('run/model'), at('link'));
    const before = await treeOf(folder);
    for (const place of ['run/model/x', 'run/checkpoint/x/y', 'run/dataset/x', 'link/x']) {
      const refusal = { code: 'file.inside-ours', message: expect.stringContaining('of dpo') };
      await expect(train(at(place)), place).rejects.toMatchObject(refusal);
      await expect(passes('data convert', at('pairs.jsonl'), at(place)), place).rejects.toMatchObject(refusal);
    }
    await train(at('run/another'));
    expect(await treeOf(folder)).toEqual(before);
  });

  it('takes a name with a star for a file when the file exists', async () => {
    await writeFile(at('star*.jsonl'), '{}');
    await passes('data convert', at('star*.jsonl'), at('out.jsonl'));
    await expect(passes('data convert', at('st*r.jsonl'), at('out.jsonl'))).rejects.toMatchObject({
      message: expect.stringContaining('would lie in what is read'),
    });
  });

  it('removes leftovers of killed commands, and nothing else', async () => {
    await writeFile(leftoverName(at('scores.jsonl')).replace(`.${process.pid}-`, '.4194305-'), 'half');
    const inWork = leftoverName(at('scores.jsonl'));
    await writeFile(inWork, 'in work');
    await passes('score', '--model', at('model'), '--data', at('pairs.jsonl'), '--out', at('scores.jsonl'));
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([
      inWork.slice(folder.length + 1),
    ]);
  });
});

describe('a run folder in which a command works', () => {
  it('is refused to every other command, with the name of the owner', async () => {
    const lock = await lockFolder(at('run'), 'dpo train');
    await writeMark(at('run'), { kind: 'run', files: [] });
    const before = await treeOf(folder);
    const training = ['--model', at('model'), '--data', at('pairs.jsonl'), '--output', at('run'), '--overwrite'];
    for (const args of [
      ['train', ...training],
      ['sft', ...training],
      ['demo', '--output', at('run')],
      ['report', at('run')],
      ['eval', 'sentiment', '--model', at('model'), '--ref', at('model'), '--prompts', at('p'), '--run', at('run')],
    ]) {
      const { code, notes } = await runCli(args);
      expect([code, notes[0]]).toEqual([1, expect.stringContaining(`in use by process ${process.pid} on `)]);
      expect(notes.join('\n')).not.toContain('Engine:');
    }
    expect(await treeOf(folder)).toEqual(before);
    await lock.release();
    await train(at('run'), '--overwrite');
  });
});
