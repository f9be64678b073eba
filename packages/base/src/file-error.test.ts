import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DpoError } from './error.js';
import { asFileError } from './file-error.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dpo-file-error-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function readingFails(path: string): Promise<unknown> {
  return readFile(path, 'utf8').then(
    () => expect.unreachable(),
    (error: unknown) => asFileError(error, path),
  );
}

it('names the path and a remedy', async () => {
  const path = join(folder, 'none');
  const error = await readingFails(path);
  expect(error).toMatchObject({ code: 'file.not-found', message: `${path} does not exist.`, hint: 'Check the path.' });
});

it.each([
  ['a name of 300 letters', 'x'.repeat(300), 'file.bad-name'],
  ['a name with a NUL', 'a\0b', 'file.bad-name'],
  ['a link to itself', 'circle', 'file.bad-link'],
  ['a file in the middle of a path', 'file/below', 'file.not-a-folder'],
])('has a code for %s', async (_, name, code) => {
  await symlink('circle', join(folder, 'circle')).catch(() => undefined);
  await writeFile(join(folder, 'file'), '');
  expect(await readingFails(join(folder, name))).toMatchObject({ code });
});

it('has a message for every error code of the system', () => {
  for (const [name, errno] of Object.entries(constants.errno)) {
    const error = asFileError(Object.assign(new Error(`${name}: said so`), { code: name, errno }), '/some/where');
    expect(DpoError.is(error), name).toBe(true);
    expect(error).toMatchObject({ code: expect.stringMatching(/^file\./), values: { path: '/some/where' } });
    expect((error as DpoError).message).toMatch(/^\/some\/where /);
  }
});

it('returns other errors unchanged', () => {
  for (const error of [
    new TypeError('of ours'),
    Object.assign(new Error('x'), { code: 'ERR_INVALID_STATE' }),
    'a text',
    new DpoError('data.broken-row', 'Row 3.'),
  ])
    expect(asFileError(error, 'p')).toBe(error);
});
