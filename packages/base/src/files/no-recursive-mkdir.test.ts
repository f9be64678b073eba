import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

// Node's recursive mkdir never returns under /proc, or from a drive that is gone: `makeFolder` does.
it('no source makes folders by the recursive mkdir', async () => {
  const found: string[] = [];
  for (const group of ['packages', 'apps'])
    for (const name of await readdir(join(root, group))) {
      const sources = join(root, group, name, 'src');
      for (const file of await readdir(sources, { recursive: true }).catch(() => [])) {
        if (!file.endsWith('.ts') || /(\.test|-for-tests)\.ts$/.test(file)) continue;
        if (/\bmkdir(Sync)?\([^;]*recursive/.test(await readFile(join(sources, file), 'utf8')))
          found.push(join(group, name, 'src', file));
      }
    }
  expect(found).toEqual([]);
});
