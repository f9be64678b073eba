import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The module and everything that it imports of this package. */
function reached(file: URL, seen = new Set<string>()): Set<string> {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g))
    reached(new URL(`${path}.ts`, file), seen);
  return seen;
}

it('loads without a module of Node and without dependencies', () => {
  const files = [...reached(new URL('index.ts', import.meta.url))];
  const imported = files.flatMap((file) =>
    [...readFileSync(new URL(file), 'utf8').matchAll(/from '([^'.][^']*)'/g)].map(([, name]) => name),
  );
  expect(imported).toEqual([]);
  // The search went down into folders.
  const vocabulary = readdirSync(new URL('vocabulary/', import.meta.url)).filter((name) => !name.includes('.test.'));
  expect(files.filter((file) => file.includes('/vocabulary/'))).toHaveLength(vocabulary.length);
});
