import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../..', import.meta.url));

// Node's recursive mkdir never returns under /proc, or from a missing drive; `makeFolder` does.
it('no source creates folders by the recursive mkdir', async () => {
  const offenders: string[] = [];
  for (const group of ['packages', 'apps'])
    for (const name of await readdir(join(root, group))) {
      const sources = join(root, group, name, 'src');
      for (const file of await readdir(sources, { recursive: true }).catch(() => [])) {
        if (!file.endsWith('.ts') || /(\.test|-for-tests)\.ts$/.test(file)) continue;
        if (/\bmkdir(Sync)?\([^;]*recursive/.test(await readFile(join(sources, file), 'utf8')))
          offenders.push(join(group, name, 'src', file));
      }
    }
  expect(offenders).toEqual([]);
});
