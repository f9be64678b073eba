import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { leftoverName } from '@dpo/base/files';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeZip } from './_zip-for-tests.js';
import { findLibrary, installedFolder, lookForLibraries } from './find-library.js';
import { type InstallProgress, installLibrary } from './install-library.js';
import { libraryFiles, wheelFor } from './wheels.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-library-'));
  await mkdir(join(folder, 'bin'));
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env.PATH}`);
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'caches'));
  vi.stubEnv('DPO_LIBTENSORFLOW', '');
  await fakePython('exit 1');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const cache = () => join(folder, 'caches', 'dpo');

async function writeLibrary(place: string): Promise<string> {
  await mkdir(place, { recursive: true });
  for (const file of libraryFiles()) await writeFile(join(place, file), 'library');
  return place;
}

/** Makes a Python, under both of its names, that runs a shell script. */
async function fakePython(script: string): Promise<void> {
  for (const name of ['python3', 'python']) {
    const path = join(folder, 'bin', name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }
}

const pythonHas = (place: string, version: string) =>
  fakePython(`echo '${JSON.stringify({ folder: place, version })}'`);

describe('findLibrary', () => {
  it('takes DPO_LIBTENSORFLOW first, as a folder or a file in it', async () => {
    const mine = await writeLibrary(join(folder, 'mine'));
    await writeLibrary(installedFolder(false, cache()));
    for (const setting of [mine, join(mine, libraryFiles()[0] ?? '')]) {
      vi.stubEnv('DPO_LIBTENSORFLOW', setting);
      const path = join(mine, libraryFiles().at(-1) ?? '');
      expect(await findLibrary()).toEqual({ folder: mine, path, source: 'env', version: undefined, cuda: false });
    }
  });

  it.each(['', 'nothing-here'])('never ignores a DPO_LIBTENSORFLOW that is wrong: %j', async (name) => {
    await writeLibrary(installedFolder(false, cache()));
    vi.stubEnv('DPO_LIBTENSORFLOW', join(folder, name));
    await expect(findLibrary()).rejects.toMatchObject({
      code: 'engine.library-not-found',
      hint: expect.stringContaining('dpo engine install'),
    });
  });

  it('takes the cache, then a Python installation of the right release', async () => {
    expect(await findLibrary()).toBeUndefined();
    const inPython = await writeLibrary(join(folder, 'site', 'tensorflow'));
    await pythonHas(inPython, '2.21.0');
    expect(await findLibrary()).toMatchObject({ folder: inPython, source: 'python', version: '2.21.0' });
    await writeLibrary(installedFolder(false, cache()));
    expect(await findLibrary()).toMatchObject({ source: 'cache', version: '2.21.0', cuda: false });
    await writeLibrary(installedFolder(true, cache()));
    expect(await findLibrary()).toMatchObject({ source: 'cache', cuda: true });
  });

  it('knows a build for CUDA by a file of the Python package', async () => {
    const place = await writeLibrary(join(folder, 'tensorflow'));
    await mkdir(join(place, 'python', 'platform'), { recursive: true });
    await writeFile(
      join(place, 'python', 'platform', 'build_info.py'),
      "build_info = collections.OrderedDict([('is_cuda_build', True)])",
    );
    await pythonHas(place, '2.21.0');
    expect(await findLibrary()).toMatchObject({ source: 'python', cuda: true });
  });

  it('survives a Python that prints nonsense', async () => {
    await fakePython('echo nonsense');
    expect(await findLibrary()).toBeUndefined();
  });

  it('passes over unsuitable libraries, and says why', async () => {
    await pythonHas(await writeLibrary(join(folder, 'site', 'tensorflow')), '2.9.1');
    const damaged = await writeLibrary(installedFolder(false, cache()));
    await writeFile(join(damaged, libraryFiles()[0] ?? ''), '');
    const deps = join(folder, 'node_modules', '@tensorflow', 'tfjs-node', 'deps', 'lib');
    await mkdir(deps, { recursive: true });
    await writeFile(join(deps, '..', '..', 'package.json'), '{}');
    await writeFile(join(deps, 'libtensorflow.so.2.9.1'), 'library');
    expect(await findLibrary({ from: folder })).toBeUndefined();
    const candidates: unknown[] = [];
    for await (const { source, unsuitable } of lookForLibraries({ from: folder }))
      candidates.push([source, unsuitable]);
    expect(candidates).toEqual([
      ['cache', expect.stringContaining('has 0 bytes')],
      ['python', 'it is TensorFlow 2.9.1, not 2.21'],
      ['tfjs-node', 'it is TensorFlow 2.9.1, not 2.21'],
    ]);
  });
});

describe.runIf(wheelFor(false) !== undefined && process.platform !== 'win32')('installLibrary', () => {
  const files = wheelFor(false)?.files ?? [];
  const content = (file: string): Buffer => Buffer.from(`${file} `.repeat(5000));

  /** Makes a wheel with small stand-ins for the library's files, and a Python whose pip copies the wheel. */
  async function offerWheel(change: { content?: (file: string) => Buffer; record?: string } = {}): Promise<string> {
    const sum = (file: string): string => createHash('sha256').update(content(file)).digest('base64url');
    const lines = files.map((file) => `${file},sha256=${sum(file)},${content(file).length}`);
    const entries = Object.fromEntries(files.map((file) => [file, (change.content ?? content)(file)]));
    const record = change.record ?? ['other.py,,', ...lines, ''].join('\n');
    const path = join(folder, 'tensorflow_cpu-2.21.0-cp312-any.whl');
    const info = { 'tensorflow_cpu-2.21.0.dist-info/RECORD': Buffer.from(record) };
    await writeFile(path, makeZip({ 'tensorflow/other.py': Buffer.from('other'), ...entries, ...info }));
    await fakePython(`echo "$@" > ${folder}/arguments; for last; do :; done; cp ${path} "$last"`);
    return path;
  }
  const inCache = () => readdir(cache()).catch(() => []);

  it('downloads the wheel by pip, unpacks and checks the library’s files, and leaves nothing else', async () => {
    await offerWheel();
    const progress: InstallProgress[] = [];
    const library = await installLibrary({ onProgress: (each) => progress.push(each) });
    expect(library).toMatchObject({ folder: installedFolder(false, cache()), source: 'cache', version: '2.21.0' });
    expect(await findLibrary()).toEqual(library);
    expect((await readdir(library.folder)).sort()).toEqual([...libraryFiles(), 'library.json'].sort());
    for (const file of files)
      expect(content(file).equals(await readFile(join(library.folder, basename(file))))).toBe(true);
    const manifest = JSON.parse(await readFile(join(library.folder, 'library.json'), 'utf8'));
    expect(manifest).toMatchObject({ version: '2.21.0', cuda: false, wheel: 'tensorflow_cpu-2.21.0-cp312-any.whl' });
    expect(await inCache()).toEqual([basename(library.folder)]);
    const total = files.reduce((sum, file) => sum + content(file).length, 0);
    expect(progress.at(-1)).toEqual({ phase: 'unpack', bytes: total, total });
    expect(await readFile(join(folder, 'arguments'), 'utf8')).toContain(
      `download ${wheelFor(false)?.package}==2.21.0 --no-deps --only-binary=:all: --implementation cp --python-version 3.12 --abi cp312 --platform ${wheelFor(false)?.tag}`,
    );
  });

  it('downloads again only when the library is damaged, or by force', async () => {
    await offerWheel();
    const library = await installLibrary();
    const damaged = join(library.folder, libraryFiles()[0] ?? '');
    await fakePython('exit 1');
    expect(await installLibrary()).toEqual(library);
    await offerWheel();
    await writeFile(damaged, 'cut short');
    expect(await findLibrary()).toBeUndefined();
    expect(await installLibrary()).toEqual(library);
    expect((await stat(damaged)).size).toBe(content(files[0] ?? '').length);
    const before = (await stat(damaged)).mtimeMs;
    await installLibrary({ force: true });
    expect((await stat(damaged)).mtimeMs).toBeGreaterThan(before);
    expect(await inCache()).toEqual([basename(library.folder)]);
  });

  it.each([
    ['no network', 'echo "NewConnectionError: failed" >&2; exit 1', 'pip.no-network'],
    ['no pip', 'echo "No module named pip" >&2; exit 1', 'pip.no-pip'],
    ['no such package', 'echo "ERROR: No matching distribution" >&2; exit 1', 'pip.failed'],
    ['no whole wheel', 'for last; do :; done; echo broken > "$last/tensorflow_cpu-2.21.0-any.whl"', 'zip.damaged'],
  ])('says so when there is %s, and leaves nothing', async (_, script, code) => {
    await fakePython(script);
    await expect(installLibrary()).rejects.toMatchObject({
      code,
      hint: expect.toSatisfy((hint) => code === 'pip.failed' || hint),
    });
    expect(await inCache()).toEqual([]);
  });

  it('says so when there is no Python', async () => {
    vi.stubEnv('PATH', join(folder, 'nowhere'));
    await expect(installLibrary()).rejects.toMatchObject({ code: 'pip.no-python' });
    expect(await inCache()).toEqual([]);
  });

  it('refuses a wheel whose files differ from its RECORD', async () => {
    await offerWheel({ content: (file) => Buffer.concat([content(file).subarray(1), Buffer.from('x')]) });
    await expect(installLibrary()).rejects.toMatchObject({ code: 'zip.damaged' });
    await offerWheel({ record: 'other.py,,\n' });
    await expect(installLibrary()).rejects.toMatchObject({ code: 'zip.damaged' });
    expect(await inCache()).toEqual([]);
  });

  it('refuses a wheel that is cut short', async () => {
    const wheel = await offerWheel();
    const bytes = await readFile(wheel);
    await writeFile(wheel, bytes.subarray(0, bytes.length - 100));
    await expect(installLibrary()).rejects.toMatchObject({ code: 'zip.damaged' });
    expect(await inCache()).toEqual([]);
  });

  it('leaves nothing when it is interrupted', async () => {
    await fakePython('exec sleep 30');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    await expect(installLibrary({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(await inCache()).toEqual([]);
    await offerWheel();
    const stop = new AbortController();
    const installation = installLibrary({
      signal: stop.signal,
      onProgress: ({ phase }) => phase === 'unpack' && stop.abort(),
    });
    await expect(installation).rejects.toMatchObject({ name: 'AbortError' });
    expect(await inCache()).toEqual([]);
  });

  it('removes what killed runs left behind, and nothing of runs that go on', async () => {
    const own = leftoverName(join(cache(), 'install'));
    const killed = own.replace(`.${process.pid}-`, '.999999999-');
    for (const scratch of [own, killed]) await mkdir(join(scratch, '.pip'), { recursive: true });
    await offerWheel();
    const library = await installLibrary();
    expect((await inCache()).sort()).toEqual([basename(own), basename(library.folder)].sort());
  });

  it('may run twice at once', async () => {
    await offerWheel();
    const libraries = await Promise.all([installLibrary(), installLibrary(), installLibrary({ force: true })]);
    expect(new Set(libraries.map((each) => each.folder)).size).toBe(1);
    expect(await findLibrary()).toEqual(libraries[0]);
    expect(await inCache()).toEqual([basename(libraries[0]?.folder ?? '')]);
  });
});
