import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeZip } from './_zip-for-tests.js';
import { cudaLibraries, cudaWheels } from './cuda-wheels.js';
import { cudaFolder, installCudaLibraries } from './install-cuda-libraries.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-cuda-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'wheels'));
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env.PATH}`);
  for (const wheel of cudaWheels) await offer(wheel.package, wheel.version, wheel.folder);
  await fakePython();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const cache = () => join(folder, 'cache');
const log = () => readFile(join(folder, 'log'), 'utf8').then((text) => text.trimEnd().split('\n'));

/** Makes a wheel of NVIDIA's layout, with small stand-ins for the libraries. */
async function offer(name: string, version: string, place: string, change = ''): Promise<void> {
  const libraries = cudaLibraries.filter(([, of]) => of === place).map(([library]) => `lib/${library}`);
  const files = [
    ...(libraries.length > 0 ? libraries : ['bin/ptxas', 'nvvm/libdevice/libdevice.10.bc']),
    'lib/libx.so.1',
  ];
  const entries = Object.fromEntries(
    files.map((file) => [`nvidia/${place}/${file}`, Buffer.from(`${file} of ${name}`)]),
  );
  const lines = Object.entries(entries).map(
    ([file, bytes]) => `${file},sha256=${createHash('sha256').update(bytes).digest('base64url')},${bytes.length}`,
  );
  const stem = `${name.replaceAll('-', '_')}-${version}`;
  const others = { [`nvidia/${place}/include/x.h`]: Buffer.from('int x;') };
  const info = { [`${stem}.dist-info/RECORD`]: Buffer.from(`${lines.join('\n')}${change}\n`) };
  await writeFile(join(folder, 'wheels', `${stem}-py3-none-any.whl`), makeZip({ ...others, ...entries, ...info }));
}

/** Makes a Python whose pip copies these wheels and logs their names; pip fails at the wheel `failing`. */
async function fakePython(failing = 'none'): Promise<void> {
  const script = `requirement="$4"; for last; do :; done
name=$(echo "\${requirement%%==*}" | tr - _)
[ "$name" = "${failing}" ] && { echo "NewConnectionError" >&2; exit 1; }
echo "$requirement" >> ${folder}/log
cp ${folder}/wheels/$name-*.whl "$last"`;
  for (const name of ['python3', 'python']) {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'bin', name), 0o755);
  }
}

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('installCudaLibraries', () => {
  it('puts every library into the place where libtensorflow looks, and nothing else', async () => {
    const place = await installCudaLibraries({ cacheFolder: cache() });
    expect(place).toBe(cudaFolder(cache()));
    expect((await readdir(cache())).sort()).toEqual(['nvidia']);
    for (const [name, wheel] of cudaLibraries)
      expect(await readFile(join(place, wheel, 'lib', name), 'utf8')).toContain(`lib/${name} of nvidia-`);
    expect((await readdir(join(place, 'cublas'))).sort()).toEqual(['lib', 'library.json']);
    expect((await stat(join(place, 'cuda_nvcc', 'bin', 'ptxas'))).mode & 0o111).toBe(0o111);
    expect(await readdir(join(place, 'cuda_nvcc', 'nvvm', 'libdevice'))).toEqual(['libdevice.10.bc']);
    expect(await log()).toEqual(cudaWheels.map((wheel) => `${wheel.package}==${wheel.version}`));
  });

  it('goes on where it was interrupted, and downloads damaged libraries again', async () => {
    await fakePython('nvidia_cusparse_cu12');
    await expect(installCudaLibraries({ cacheFolder: cache() })).rejects.toMatchObject({ code: 'pip.no-network' });
    const before = (await log()).length;
    expect(before).toBe(cudaWheels.findIndex((wheel) => wheel.folder === 'cusparse'));
    await fakePython();
    const place = await installCudaLibraries({ cacheFolder: cache() });
    expect((await log()).length).toBe(cudaWheels.length);
    await writeFile(join(place, 'cufft', 'lib', 'libcufft.so.11'), 'cut');
    await installCudaLibraries({ cacheFolder: cache() });
    expect((await log()).slice(cudaWheels.length)).toEqual(['nvidia-cufft-cu12==11.2.3.61']);
    await installCudaLibraries({ cacheFolder: cache() });
    expect((await log()).length).toBe(cudaWheels.length + 1);
    expect((await readdir(cache())).sort()).toEqual(['nvidia']);
  });

  it('refuses a wheel that differs from its RECORD', async () => {
    const [first] = cudaWheels;
    await offer('nvidia-cuda-runtime-cu12', first?.version ?? '', 'cuda_runtime', 'x');
    await expect(installCudaLibraries({ cacheFolder: cache() })).rejects.toMatchObject({ code: 'zip.damaged' });
    expect(await readdir(cache())).toEqual([]);
  });
});
