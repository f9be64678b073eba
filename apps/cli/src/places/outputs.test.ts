import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsOf } from '@dpo/run/command-line';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../_cli-for-tests.js';
import { commands } from '../commands/index.js';
import { type Disk, readOnlyFolder } from './_disks-for-tests.js';
import { treeOf } from './_tree-for-tests.js';

let folder: string;
let home: string;
let readOnly: Disk | undefined;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'dpo-outputs-'));
  readOnly = readOnlyFolder(join(home, 'read-only'));
});
afterAll(async () => {
  readOnly?.remove();
  await rm(home, { recursive: true, force: true });
});

// Models and data are traps: a command that opened one of them would name "trap" in its error.
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-places-'));
  for (const name of ['thesis/part', 'out.jsonl', 'model', 'adapter', 'data'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('model/config.json'), '{"model_type": "trap"}');
  await writeFile(at('model/model.safetensors'), 'trap');
  await writeFile(at('adapter/adapter_config.json'), JSON.stringify({ base_model_name_or_path: at('model') }));
  for (const name of ['pairs.jsonl', 'held-out.jsonl', 'prompts.jsonl', 'config.txt', 'data/shard.jsonl'])
    await writeFile(at(name), 'trap');
  for (const name of ['thesis/part/chapter.txt', 'out.jsonl/chapter.txt']) await writeFile(at(name), 'years of work');
  await symlink(at('thesis'), at('link'));
  await symlink(at('thesis'), at('link.jsonl'));
  await symlink(at('nowhere'), at('broken.jsonl'));
  process.chdir(folder);
});
afterEach(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string) => join(folder, name);

/** The arguments of a command with its output at a place, the kind of the place, and the inputs. */
interface Writing {
  readonly args: (output: string) => readonly string[];
  readonly writes: 'file' | 'dataset' | 'model' | 'run' | 'into-run';
  readonly reads: readonly string[];
}

const training = (name: string): Writing => ({
  args: (output) => [
    ...[name, '--model', at('model'), '--adapter', at('adapter'), '--data', at('pairs.jsonl'), '--output', output],
    ...['--eval-data', at('held-out.jsonl'), ...(name === 'train' ? ['--ref', at('model')] : []), '--overwrite'],
  ],
  writes: 'run',
  reads: ['model', 'adapter', 'pairs.jsonl', 'held-out.jsonl'],
});
const building = (...words: string[]): Writing => ({
  args: (output) => ['data', ...words, at('pairs.jsonl'), output],
  writes: 'dataset',
  reads: ['pairs.jsonl'],
});

const writing: Readonly<Record<string, Writing>> = {
  train: training('train'),
  sft: training('sft'),
  reward: training('reward'),
  rl: {
    args: (output) => [
      ...[
        'rl',
        '--model',
        at('model'),
        '--adapter',
        at('adapter'),
        '--ref',
        at('model'),
        '--data',
        at('prompts.jsonl'),
      ],
      ...['--reward', at('config.txt'), '--eval-data', at('held-out.jsonl'), '--output', output, '--overwrite'],
    ],
    writes: 'run',
    reads: ['model', 'adapter', 'prompts.jsonl', 'held-out.jsonl', 'config.txt'],
  },
  frontier: {
    args: (output) => ['frontier', '--model', at('model'), '--recipe', at('config.txt'), '--output', output],
    writes: 'run',
    reads: ['model', 'config.txt'],
  },
  score: {
    args: (out) => [
      ...['score', '--model', at('adapter'), '--ref', at('model'), '--data', at('pairs.jsonl'), '--out', out],
    ],
    writes: 'file',
    reads: ['model/config.json', 'adapter/adapter_config.json', 'pairs.jsonl'],
  },
  generate: {
    args: (out) => ['generate', '--model', at('model'), '--prompts', at('prompts.jsonl'), '--out', out],
    writes: 'file',
    reads: ['model/config.json', 'model/new.jsonl', 'prompts.jsonl'],
  },
  export: {
    args: (output) => ['export', '--model', at('adapter'), '--output', output, '--overwrite'],
    writes: 'model',
    reads: ['adapter', 'model'],
  },
  demo: { args: (output) => ['demo', '--model', at('model'), '--output', output], writes: 'run', reads: ['model'] },
  'eval sentiment': {
    args: (run) => [
      ...['eval', 'sentiment', '--model', at('model'), '--ref', at('model'), '--prompts', at('prompts.jsonl')],
      ...['--run', run],
    ],
    writes: 'into-run',
    reads: ['model', 'prompts.jsonl'],
  },
  'eval winrate': {
    args: (output) => [
      ...['eval', 'winrate', '--model', at('model'), '--data', at('pairs.jsonl'), '--output', output],
      ...['--judge', at('adapter'), '--rubric', at('config.txt')],
    ],
    writes: 'run',
    reads: ['model', 'adapter', 'pairs.jsonl', 'config.txt'],
  },
  report: { args: (run) => ['report', run], writes: 'into-run', reads: ['model'] },
  'data convert': building('convert'),
  'data filter': building('filter'),
  'data mix': {
    args: (output) => ['data', 'mix', `${at('pairs.jsonl')}=2,${at('data')},${at('held-out.jsonl')}`, output],
    writes: 'dataset',
    reads: ['pairs.jsonl', 'held-out.jsonl', 'data', 'data/new.jsonl'],
  },
  'data split': {
    args: (output) => ['data', 'split', at('pairs.jsonl'), at('new.jsonl'), output],
    writes: 'dataset',
    reads: ['pairs.jsonl', 'new.jsonl'],
  },
  'data split (the training set)': {
    args: (output) => ['data', 'split', `${at('pairs.jsonl')}`, output, at('new.jsonl')],
    writes: 'dataset',
    reads: ['pairs.jsonl', 'new.jsonl'],
  },
  'data validate': {
    args: (html) => ['data', 'validate', at('pairs.jsonl'), '--test', at('held-out.jsonl'), '--html', html],
    writes: 'file',
    reads: ['pairs.jsonl', 'held-out.jsonl'],
  },
  'data build': building('build'),
  'data build hh': building('build', 'hh'),
  'data build shp': building('build', 'shp'),
  'data build tldr': building('build', 'tldr'),
  'data build labelled': building('build', 'labelled'),
};

/** Checks that a command fails with one clear line, opens nothing and changes nothing. Returns the line. */
async function refusal(args: readonly string[], code: 1 | 2): Promise<string> {
  const before = await treeOf(folder);
  const result = await runCli(args);
  const text = result.notes.join('\n');
  expect([result.code, result.out], text).toEqual([code, []]);
  expect(result.notes.filter((line) => line.startsWith('Error: '))).toHaveLength(1);
  expect(text).not.toMatch(/trap|line 1|Engine:|defect/);
  expect(await treeOf(folder)).toEqual(before);
  return text;
}

const isFolder = ({ writes }: Writing) => writes !== 'file' && writes !== 'dataset';

describe.each(Object.entries(writing))('dpo %s', (_, command) => {
  const { args, writes, reads } = command;

  it('refuses empty names, and the current folder', async () => {
    for (const name of ['', ' ']) expect(await refusal(args(name), 2)).toContain('is an empty name');
    for (const name of ['.', '..'])
      expect(await refusal(args(name), writes === 'file' ? 1 : 2)).toMatch(/current folder|is a folder where a file/);
  });

  it('leaves folders of others, also behind links', async () => {
    for (const name of isFolder(command) ? ['thesis', 'link'] : ['out.jsonl', 'link.jsonl', 'new.jsonl/'])
      expect(await refusal(args(at(name)), 1)).toMatch(/is a folder where a file|, and stays/);
    if (writes === 'dataset') expect(await refusal(args(at('thesis')), 1)).toContain('and stays');
    expect(await readFile(at('thesis/part/chapter.txt'), 'utf8')).toBe('years of work');
  });

  it('leaves files in the place of folders, and links that lead nowhere', async () => {
    if (isFolder(command)) expect(await refusal(args(at('config.txt')), 1)).toMatch(/is a file/);
    expect(await refusal(args(at('broken.jsonl')), 1)).toContain('is a link that leads nowhere');
    expect(await refusal(args(at('pairs.jsonl/new.jsonl')), 1)).toContain('has a file where a folder is needed');
  });

  it('never writes over its inputs', async () => {
    for (const name of reads) await refusal(args(at(name)), /\.jsonl?$/.test(name) && !isFolder(command) ? 2 : 1);
    if (writes !== 'file' && writes !== 'dataset') return;
    await symlink(at('pairs.jsonl'), at('again.jsonl'));
    if (reads.includes('pairs.jsonl')) expect(await refusal(args(at('again.jsonl')), 2)).toContain('the same place');
  });

  it.skipIf(process.platform !== 'linux')('comes back from places that cannot be made', async () => {
    for (const name of ['/proc/none/new.jsonl', '/proc/new.jsonl', `${'n'.repeat(300)}/new.jsonl`])
      expect(await refusal(args(name), 1)).toMatch(/cannot be made|too long/);
    if (writes !== 'run' && writes !== 'model')
      expect(await refusal(args('/dev/full'), 1)).toMatch(/is a (device|file)/);
  });

  it('says before anything else that a disk is read-only', async ({ skip }) => {
    if (readOnly === undefined) return skip('a read-only folder cannot be made here');
    const place = join(home, 'read-only', isFolder(command) ? 'new' : 'new.jsonl');
    expect(await refusal(args(place), 1)).toMatch(/read-only\b.* (the file system is read-only|permission denied)/);
  });
});

describe('options that name places', () => {
  // A new option of texts must have the role of its place, or a key in this list.
  const texts =
    /^(prompt|chosen|rejected|split|testSplit|evalSplit|header|stop|device|maxTime|judgeModel|judgeKeyEnv|padToken)$/;

  it('are declared in every command', () => {
    const undeclared = commands.flatMap(({ name, options }) =>
      optionsOf(options)
        .filter(
          ({ key, type, choices, place }) =>
            type === 'string' && choices === undefined && place === undefined && !texts.test(key),
        )
        .map(({ flag }) => `dpo ${name} --${flag}`),
    );
    expect(undeclared).toEqual([]);
  });

  it('are in the table above, if they are outputs', () => {
    const writers = commands
      .filter(({ options }) => optionsOf(options).some(({ place }) => /^output|^into/.test(place ?? '')))
      .map(({ name }) => name);
    expect(Object.keys(writing)).toEqual(expect.arrayContaining(writers));
  });
});
