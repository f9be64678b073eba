import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isThere } from './is-there.js';

it('is true for files and folders, and false for a link that leads nowhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dpo-there-'));
  try {
    await writeFile(join(folder, 'a'), '');
    await symlink(join(folder, 'b'), join(folder, 'link'));
    const results = await Promise.all(['', 'a', 'link', 'b', 'a/b'].map((name) => isThere(join(folder, name))));
    expect(results).toEqual([true, true, false, false, false]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
