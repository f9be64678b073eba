import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The module and all modules of this package that it imports, directly or through others. */
function modulesFrom(file: URL, modules = new Set<string>()): Set<string> {
  if (modules.has(file.href)) return modules;
  modules.add(file.href);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g))
    modulesFrom(new URL(`${path}.ts`, file), modules);
  return modules;
}

it('loads without a module of Node and without dependencies', () => {
  const files = [...modulesFrom(new URL('index.ts', import.meta.url))];
  const packages = files.flatMap((file) =>
    [...readFileSync(new URL(file), 'utf8').matchAll(/from '([^'.][^']*)'/g)].map(([, name]) => name),
  );
  expect(packages).toEqual([]);
  // The search must have reached the modules in folders.
  const vocabulary = readdirSync(new URL('vocabulary/', import.meta.url)).filter((name) => !name.includes('.test.'));
  expect(files.filter((file) => file.includes('/vocabulary/'))).toHaveLength(vocabulary.length);
});
