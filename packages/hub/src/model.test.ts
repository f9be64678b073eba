import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadOptions, downloadModel, hubAnswers, resolveModel } from './model.js';
import { FakeHub } from './test/fake-hub.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251);

const whole = {
  'config.json': bytes('{"model_type":"gpt2"}'),
  'tokenizer.json': bytes('{}'),
  'merges.txt': bytes(''),
  'model.safetensors': weights,
  'pytorch_model.bin': bytes('pickle'),
  'onnx/model.safetensors': bytes('other'),
  'README.md': bytes('card'),
};

let folder: string;
let hub: FakeHub;
let options: DownloadOptions;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-'));
  hub = new FakeHub({
    'org/name': whole,
    gpt2: { 'config.json': whole['config.json'], 'model.safetensors': weights },
    'org/pickled': { 'config.json': bytes('{}'), 'pytorch_model.bin': bytes('x') },
    'org/hostile': { ...whole, '../../escape.safetensors': bytes('x'), '..\\escape.json': bytes('x') },
    'org/sharded': {
      'config.json': bytes('{}'),
      'model.safetensors.index.json': bytes('{"weight_map":{"a":"model-00001-of-00001.safetensors"}}'),
      'model-00001-of-00001.safetensors': weights,
    },
  });
  options = { endpoint: await hub.start(), env: { HF_HOME: folder }, retryDelayMs: 1, connectTimeoutMs: 2000 };
});
afterEach(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('downloadModel', () => {
  it('fills the cache as the Python library does, with a model’s files only', async () => {
    const progress: number[] = [];
    const snapshot = await downloadModel('org/name', {
      ...options,
      onProgress: ({ received, total }) => {
        expect(total).toBe(weights.length + whole['config.json'].length + whole['tokenizer.json'].length);
        progress.push(received);
      },
    });
    const model = join(folder, 'hub', 'models--org--name');
    expect(snapshot).toBe(join(model, 'snapshots', hub.commit));
    expect((await readdir(snapshot)).sort()).toEqual([
      'config.json',
      'merges.txt',
      'model.safetensors',
      'tokenizer.json',
    ]);
    expect(await readFile(join(model, 'refs', 'main'), 'utf8')).toBe(hub.commit);
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(weights)).toBe(true);
    expect((await lstat(join(snapshot, 'config.json'))).isSymbolicLink()).toBe(true);
    expect(await readlink(join(snapshot, 'config.json'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect((await readdir(join(model, 'blobs'))).length).toBe(4);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(weights.length + whole['config.json'].length + whole['tokenizer.json'].length);
  });

  it('sends one request and downloads nothing when the cache has all files', async () => {
    const first = await downloadModel('org/name', options);
    hub.requests.length = 0;
    expect(await downloadModel('org/name', options)).toBe(first);
    expect(hub.requests).toEqual(['GET /api/models/org/name/revision/main']);
    hub.requests.length = 0;
    expect(await downloadModel(`org/name@${hub.commit}`, options)).toBe(first);
    expect(hub.requests).toEqual([]);
  });

  it('takes revisions, names without an organisation, shards, and patterns of files', async () => {
    await downloadModel('org/name@v1', options);
    expect(await readdir(join(folder, 'hub', 'models--org--name', 'refs'))).toEqual(['v1']);
    expect(await readdir(await downloadModel('gpt2', options))).toEqual(['config.json', 'model.safetensors']);
    expect((await readdir(await downloadModel('org/sharded', options))).length).toBe(3);
    const some = await downloadModel('org/hostile', { ...options, files: ['README.md', 'onnx/*'] });
    expect((await readdir(some, { recursive: true })).sort()).toEqual(['README.md', 'onnx', 'onnx/model.safetensors']);
    expect(await readFile(join(some, 'onnx', 'model.safetensors'), 'utf8')).toBe('other');
  });

  it('never writes outside of the cache', async () => {
    const snapshot = await downloadModel('org/hostile', { ...options, files: ['*'] });
    const files = await readdir(snapshot, { recursive: true });
    expect(files.filter((name) => name.includes('escape'))).toEqual([]);
    expect((await readdir(folder, { recursive: true })).filter((name) => name.includes('escape'))).toEqual([]);
  });

  it('continues after a dropped connection', async () => {
    let drops = 0;
    hub.misbehave = (request, response, content) => {
      if (request.method !== 'GET' || content.length < 1000 || drops >= 3) return false;
      drops++;
      const start = Number(/(\d+)/.exec(request.headers.range ?? '0')?.[1]);
      response.writeHead(start > 0 ? 206 : 200, {
        'content-length': content.length - start,
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
      });
      response.write(content.subarray(start, start + 70_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    const snapshot = await downloadModel('org/name', options);
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(weights)).toBe(true);
    const ranges = hub.requests.filter((request) => /elsewhere.*bytes=/.test(request));
    expect(ranges.length).toBe(3);
    expect(ranges[0]).toMatch(/bytes=[1-9]\d*-$/);
  });

  it('continues an earlier run, and starts anew when its part is damaged', async () => {
    const never: DownloadOptions = { ...options, tries: 1 };
    hub.misbehave = (request, response, content) => {
      if (request.method !== 'GET' || content.length < 1000) return false;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    await expect(downloadModel('org/name', never)).rejects.toMatchObject({ code: 'hub.unreachable' });
    hub.misbehave = () => false;
    const blobs = join(folder, 'hub', 'models--org--name', 'blobs');
    const part = (await readdir(blobs)).find((name) => name.endsWith('.incomplete')) ?? '';
    // The leftover of another process, with a wrong byte.
    const leftover = await readFile(join(blobs, part));
    expect(leftover.length).toBeGreaterThan(1000);
    leftover[5] = (leftover[5] ?? 0) ^ 1;
    await writeFile(join(blobs, part.replace(`.${process.pid}-`, '.999999999-')), leftover);
    await rm(join(blobs, part));
    const snapshot = await downloadModel('org/name', options);
    expect(hub.requests.some((request) => request.endsWith(`bytes=${leftover.length}-`))).toBe(true);
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(weights)).toBe(true);
    expect((await readdir(blobs)).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  });

  it('copes with a server that has no ranges, is overloaded, or is slow to answer', async () => {
    let calls = 0;
    hub.misbehave = (request, response, content) => {
      if (request.method !== 'GET' || content.length < 1000) return false;
      calls++;
      if (calls === 1) response.writeHead(503).end();
      else if (calls === 2)
        response.writeHead(200).write(content.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
      else if (calls === 3)
        return true; // never answers
      else response.writeHead(200, { 'content-length': content.length }).end(content);
      return true;
    };
    const snapshot = await downloadModel('org/name', { ...options, connectTimeoutMs: 200 });
    expect((await readFile(join(snapshot, 'model.safetensors'))).equals(weights)).toBe(true);
    expect(calls).toBe(4);
  });

  it.each([
    ['changed bytes', 'hub.wrong-content', (content: Uint8Array) => content.map((byte) => byte ^ 1)],
    ['too few bytes', 'hub.unreachable', (content: Uint8Array) => content.subarray(0, 10)],
    ['too many bytes', 'hub.unreachable', (content: Uint8Array) => new Uint8Array(content.length + 5)],
  ])('refuses %s, and leaves no model behind', async (_, code, change) => {
    hub.misbehave = (request, response, content) => {
      if (request.method !== 'GET' || content.length < 1000) return false;
      response.writeHead(200).end(change(content));
      return true;
    };
    await expect(downloadModel('org/name', { ...options, tries: 2 })).rejects.toMatchObject({ code });
    const model = join(folder, 'hub', 'models--org--name');
    expect(await readdir(model)).not.toContain('refs');
    await expect(downloadModel('org/name', { ...options, offline: true })).rejects.toMatchObject({
      code: 'hub.offline',
    });
  });

  it('works from the cache without network, or when offline is set', async () => {
    const snapshot = await downloadModel('org/name', options);
    await hub.stop();
    expect(await downloadModel('org/name', { ...options, tries: 1 })).toBe(snapshot);
    const offline = { env: { HF_HOME: folder, HF_HUB_OFFLINE: '1' } };
    expect(await downloadModel('org/name', offline)).toBe(snapshot);
    await expect(downloadModel('org/other', offline)).rejects.toMatchObject({ code: 'hub.offline' });
    await expect(downloadModel('org/other', { ...options, tries: 2 })).rejects.toMatchObject({
      code: 'hub.unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('takes its settings from the environment, as Python does', async () => {
    const { endpoint = '' } = options;
    hub.token = 'secret';
    const env = { HF_ENDPOINT: `${endpoint}/`, HF_HUB_CACHE: join(folder, 'elsewhere'), HF_HOME: folder };
    await expect(downloadModel('gpt2', { env })).rejects.toMatchObject({ code: 'hub.no-access' });
    expect(await downloadModel('gpt2', { env: { ...env, HF_TOKEN: 'secret' } })).toContain(env.HF_HUB_CACHE);
    await writeFile(join(folder, 'token'), 'secret\n');
    expect(await downloadModel('gpt2', { env: { HF_ENDPOINT: endpoint, HF_HOME: folder } })).toContain(
      join(folder, 'hub'),
    );
  });

  it.each([
    ['org/none', 'hub.not-found'],
    ['org/name@v9', 'hub.not-found'],
    ['org/pickled', 'hub.no-weights'],
    ['../up', 'hub.bad-name'],
    ['org/name@../../x', 'hub.bad-name'],
    ['a/b/c', 'hub.bad-name'],
    ['', 'hub.bad-name'],
  ])('refuses %s', async (name, code) => {
    await expect(downloadModel(name, options)).rejects.toMatchObject({ code });
  });

  it('stops at a signal', async () => {
    const control = new AbortController();
    hub.misbehave = (request, response, content) => {
      if (request.method !== 'GET' || content.length < 1000) return false;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000), () => control.abort());
      return true;
    };
    const download = downloadModel('org/name', { ...options, signal: control.signal });
    await expect(download).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('resolveModel', () => {
  it('takes a folder that exists first, else the hub', async () => {
    expect(await resolveModel(folder, options)).toBe(folder);
    expect(await resolveModel('org/name', options)).toContain('models--org--name');
    await expect(resolveModel('./org/name', options)).rejects.toMatchObject({ code: 'model.not-found' });
    await expect(resolveModel('some.gguf', options)).rejects.toMatchObject({ code: 'model.not-found' });
    await expect(resolveModel('org/none', options)).rejects.toMatchObject({
      code: 'hub.not-found',
      message: expect.stringContaining('no folder org/none'),
    });
  });
});

describe('hubAnswers', () => {
  it('tells within its time whether a hub answers', async () => {
    expect(await hubAnswers(1000, options)).toBe(true);
    expect(await hubAnswers(1000, { ...options, offline: true })).toBe(false);
    await hub.stop();
    expect(await hubAnswers(1000, options)).toBe(false);
  });
});

it('keeps the cache’s folder when links to blobs would leave it', async () => {
  // A nested file's link climbs one step more.
  const snapshot = await downloadModel('org/name', { ...options, files: ['onnx/model.safetensors'] });
  await mkdir(join(folder, 'x'));
  expect(await readlink(join(snapshot, 'onnx', 'model.safetensors'))).toMatch(
    /^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/,
  );
});
