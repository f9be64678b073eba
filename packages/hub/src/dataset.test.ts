import { lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DatasetOptions, downloadDataset, listDataset, parseDatasetName } from './dataset.js';
import { FakeHub } from './test/fake-hub.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const rows = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 253);

let folder: string;
let hub: FakeHub;
let options: DatasetOptions;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-datasets-'));
  hub = new FakeHub({
    'datasets/org/pairs': {
      'README.md': bytes('card'),
      'data/train-00001-of-00002.parquet': bytes('second'),
      'data/train-00000-of-00002.parquet': rows,
      'data/test-00000-of-00001-ab12cd34.parquet': bytes('test'),
    },
    'datasets/org/many': {
      'harmless/train-00000-of-00001.parquet': bytes('a'),
      'helpful/train-00000-of-00001.parquet': bytes('b'),
      'plain.parquet': bytes('c'),
    },
    'datasets/org/lines': { 'train.jsonl': bytes('{}') },
    'datasets/org/lines@refs/convert/parquet': {
      'default/train/0000.parquet': bytes('made'),
      'default/partial-test/0000.parquet': bytes('made too'),
    },
    'datasets/org/text': { 'a.txt': bytes('x') },
    'org/pairs': { 'config.json': bytes('{}') },
  });
  options = {
    endpoint: await hub.start(),
    env: { HF_HOME: folder },
    retryDelayMs: 1,
    connectTimeoutMs: 2000,
    tries: 3,
  };
});
afterEach(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a dataset on the hub', () => {
  it('is listed with the configurations and splits of its files’ names', async () => {
    expect(await listDataset('datasets/org/pairs', options)).toEqual([
      { name: 'data/test-00000-of-00001-ab12cd34.parquet', config: 'default', split: 'test' },
      { name: 'data/train-00000-of-00002.parquet', config: 'default', split: 'train' },
      { name: 'data/train-00001-of-00002.parquet', config: 'default', split: 'train' },
    ]);
    const many = await listDataset('org/many', options);
    expect(many.map(({ config, split }) => [config, split])).toEqual([
      ['harmless', 'train'],
      ['helpful', 'train'],
      ['default', undefined],
    ]);
  });

  it('fills the cache as the Python library does, with the files of one split only', async () => {
    const progress: number[] = [];
    const { id, revision, commit, files } = await downloadDataset('datasets/org/pairs', {
      ...options,
      split: 'train',
      onProgress: ({ received, total }) => {
        expect(total).toBe(rows.length + 6);
        progress.push(received);
      },
    });
    expect({ id, revision, commit }).toEqual({ id: 'org/pairs', revision: 'main', commit: hub.commit });
    const repository = join(folder, 'hub', 'datasets--org--pairs');
    expect(files.map(({ path }) => path)).toEqual([
      join(repository, 'snapshots', hub.commit, 'data', 'train-00000-of-00002.parquet'),
      join(repository, 'snapshots', hub.commit, 'data', 'train-00001-of-00002.parquet'),
    ]);
    expect(new Uint8Array(await readFile(files[0]?.path ?? ''))).toEqual(rows);
    expect((await lstat(files[0]?.path ?? '')).isSymbolicLink()).toBe(true);
    expect(await readFile(join(repository, 'refs', 'main'), 'utf8')).toBe(hub.commit);
    expect(progress.at(-1)).toBe(rows.length + 6);
    expect(hub.requests.some((request) => request.includes('test-00000'))).toBe(false);
  });

  it('is not downloaded twice, and works without the hub', async () => {
    const first = await downloadDataset('org/pairs@v1', { ...options, split: 'test' });
    hub.requests.length = 0;
    expect(await downloadDataset('org/pairs@v1', { ...options, split: 'test' })).toEqual(first);
    expect(hub.requests).toEqual(['GET /api/datasets/org/pairs/revision/v1']);
    hub.requests.length = 0;
    expect(await downloadDataset('org/pairs@v1', { ...options, offline: true })).toEqual(first);
    expect(hub.requests).toEqual([]);
    hub.misbehave = (_request, response) => response.writeHead(503).end() !== undefined;
    expect(await downloadDataset('org/pairs@v1', options)).toEqual(first);
    await expect(downloadDataset('org/many', { ...options, offline: true })).rejects.toMatchObject({
      code: 'hub.offline',
    });
  });

  it('continues after a broken connection', async () => {
    let drops = 0;
    hub.misbehave = (request, response, content) => {
      if (request.method !== 'GET' || content.length < 1000 || drops++ > 0) return false;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 30_000), () => response.destroy());
      return true;
    };
    const { files } = await downloadDataset('org/pairs', { ...options, split: 'train' });
    expect(new Uint8Array(await readFile(files[0]?.path ?? ''))).toEqual(rows);
    expect(drops).toBe(2);
  });

  it('in another format is taken from the hub’s own conversion', async () => {
    const { revision, files } = await downloadDataset('org/lines', { ...options, split: 'test' });
    expect(revision).toBe('refs/convert/parquet');
    expect(files).toMatchObject([{ name: 'default/partial-test/0000.parquet', config: 'default', split: 'test' }]);
    expect(await readFile(files[0]?.path ?? '', 'utf8')).toBe('made too');
    const again = await downloadDataset('org/lines', { ...options, offline: true });
    expect(again.files).toEqual(files);
  });

  it.each<[string, Partial<DatasetOptions>, string]>([
    ['org/none', {}, 'hub.not-found'],
    ['org/pairs@nowhere', {}, 'hub.not-found'],
    ['org/text', {}, 'hub.no-parquet'],
    ['org/lines@v1', {}, 'hub.no-parquet'],
    ['org/pairs', { split: 'dev' }, 'hub.no-split'],
    ['org/many', {}, 'hub.several-configs'],
    ['org/many', { config: 'honest' }, 'hub.no-split'],
    ['../pairs', {}, 'hub.bad-name'],
    ['datasets/org/a/b', {}, 'hub.bad-name'],
  ])('called %s with %j is the error %s', async (name, more, code) => {
    await expect(downloadDataset(name, { ...options, ...more })).rejects.toMatchObject({ code });
  });

  it('has a name that differs from a model’s', () => {
    expect(parseDatasetName('datasets/org/name@v2')).toEqual({ kind: 'dataset', id: 'org/name', revision: 'v2' });
    expect(parseDatasetName('org/name')).toBeUndefined();
  });
});
