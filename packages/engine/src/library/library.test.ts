import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findLibrary, installedFolder } from './find-library.js';
import { installLibrary } from './install-library.js';
import { libraryFiles, wheelFor } from './wheels.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-library-'));
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env.PATH}`);
  await mkdir(join(folder, 'bin'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function putLibrary(place: string): Promise<void> {
  await mkdir(place, { recursive: true });
  for (const file of libraryFiles()) await writeFile(join(place, file), 'library');
}

/** A `python3` that runs this shell script. */
async function fakePython(script: string): Promise<void> {
  const path = join(folder, 'bin', 'python3');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

describe('findLibrary', () => {
  it('takes DPO_LIBTENSORFLOW first, as a folder or a file in it, and never ignores it', async () => {
    await putLibrary(join(folder, 'mine'));
    const env = { XDG_CACHE_HOME: folder };
    for (const setting of [join(folder, 'mine'), join(folder, 'mine', libraryFiles()[0] as string)])
      expect(await findLibrary({ ...env, DPO_LIBTENSORFLOW: setting })).toMatchObject({
        folder: join(folder, 'mine'),
        source: 'DPO_LIBTENSORFLOW',
      });
    await expect(findLibrary({ ...env, DPO_LIBTENSORFLOW: folder })).rejects.toMatchObject({
      code: 'engine.library-not-found',
    });
  });

  it('takes the cache, then a Python installation of the right release', async () => {
    const env = { XDG_CACHE_HOME: folder };
    await putLibrary(join(folder, 'site', 'tensorflow'));
    await fakePython(`echo ${join(folder, 'site', 'tensorflow')}; echo 2.21.0`);
    expect(await findLibrary(env)).toMatchObject({ source: 'python', version: '2.21.0' });
    await fakePython(`echo ${join(folder, 'site', 'tensorflow')}; echo 2.9.1`);
    expect(await findLibrary(env)).toBeUndefined();
    await putLibrary(installedFolder(false, join(folder, 'dpo')));
    expect(await findLibrary(env)).toMatchObject({ source: 'cache', version: '2.21.0' });
  });
});

describe.runIf(wheelFor(false) !== undefined)('installLibrary', () => {
  /** A wheel with small stand-ins for the library's files. */
  async function wheel(): Promise<string> {
    const path = join(folder, 'tensorflow_cpu-2.21.0-any.whl');
    const script = `import zipfile,sys\nz=zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED)\n[z.writestr(n,b'library'*5000) for n in sys.argv[2:]]\nz.close()`;
    await promisify(execFile)('python3', [
      '-c',
      script,
      path,
      'tensorflow/other.py',
      ...(wheelFor(false)?.files ?? []),
    ]);
    return path;
  }
  const cache = () => join(folder, 'cache');
  const left = () => readdir(cache()).catch(() => []);

  it('unpacks the files of the wheel that pip fetches and leaves nothing else', async () => {
    await fakePython(`cp ${await wheel()} "$(echo "$@" | sed 's/.* -d //')"`);
    const phases = new Set<string>();
    const found = await installLibrary({ cache: cache(), onProgress: ({ phase }) => phases.add(phase) });
    expect(found).toEqual({ folder: installedFolder(false, cache()), source: 'cache', version: '2.21.0' });
    expect((await readdir(found.folder)).sort()).toEqual([...libraryFiles()].sort());
    expect(await readFile(join(found.folder, libraryFiles()[0] as string), 'utf8')).toBe('library'.repeat(5000));
    expect(await left()).toEqual([found.folder.slice(cache().length + 1)]);
    expect(phases.has('unpack')).toBe(true);
  });

  it.each([
    ['no network', 'echo "NewConnectionError: failed" >&2; exit 1', 'pip.no-network'],
    ['no pip', 'echo "No module named pip" >&2; exit 1', 'pip.no-pip'],
    ['a damaged wheel', `echo broken > "$(echo "$@" | sed 's/.* -d //')/tensorflow_cpu-2.21.0-any.whl"`, 'zip.damaged'],
  ])('says so where there is %s, and leaves nothing', async (_, script, code) => {
    await fakePython(script);
    await expect(installLibrary({ cache: cache() })).rejects.toMatchObject({ code });
    expect(await left()).toEqual([]);
  });

  it('leaves nothing when it is interrupted', async () => {
    await fakePython('exec sleep 30');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    await expect(installLibrary({ cache: cache(), signal: controller.signal })).rejects.toThrow();
    expect(await left()).toEqual([]);
  });
});
