// Checks the rules of AGENTS.md for files and folders: internals, lengths, and the entries of a room.
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The TypeScript files of all packages and applications, by their paths from the repository's root. */
async function sources(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const group of ['packages', 'apps'])
    for (const name of await readdir(join(root, group))) {
      const files = await readdir(join(root, group, name, 'src'), { recursive: true, withFileTypes: true });
      for (const file of files.filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))) {
        const path = join(file.parentPath, file.name);
        texts.set(relative(root, path), await readFile(path, 'utf8'));
      }
    }
  return texts;
}

const isTest = (path: string): boolean => /(\.test|-for-tests)\.ts$/.test(path);

/** The files of its own package that a file imports or exports from. */
function importsOf(path: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport\()\s*'(\.[^']*)\.js'/g);
  return Array.from(specifiers, ([, specifier]) => join(dirname(path), `${specifier}.ts`));
}

it('a file whose name begins with an underscore is imported in its own folder alone, and by no index', async () => {
  const all = await sources();
  const wrong: string[] = [];
  for (const [path, text] of all)
    for (const imported of importsOf(path, text)) {
      if (!basename(imported).startsWith('_') || isTest(imported)) continue;
      if (dirname(imported) !== dirname(path) || basename(path) === 'index.ts')
        wrong.push(`${path} imports ${imported}`);
    }
  expect(wrong).toEqual([]);
  expect(all.size).toBeGreaterThan(700);
});

it('a helper of tests is imported by tests alone', async () => {
  const wrong: string[] = [];
  for (const [path, text] of await sources())
    for (const imported of importsOf(path, text))
      if (imported.endsWith('-for-tests.ts') && !isTest(path)) wrong.push(`${path} imports ${imported}`);
  expect(wrong).toEqual([]);
});

it('no file has more than 300 lines', async () => {
  const long = [...(await sources())].filter(([, text]) => text.split('\n').length > 301);
  expect(long.map(([path]) => path)).toEqual([]);
});

it('no participle stands for a noun as the name of a constant, a variable or a function', async () => {
  const participles =
    'asked|drawn|due|found|given|gone|held|kept|known|made|meant|missed|named|needed|seen|sent|spent|stored|taken|there|told|used|wanted|written';
  const declaration = new RegExp(`\\b(?:const|let|var|function) (${participles})\\b`);
  const wrong = [...(await sources())].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      const name = declaration.exec(line)?.[1];
      return name === undefined ? [] : [`${path}:${index + 1} ${name}`];
    }),
  );
  expect(wrong).toEqual([]);
});

it('a package has at most 12 rooms and files at the top of its data', async () => {
  expect((await readdir(join(root, 'packages/data/src'))).length).toBeLessThanOrEqual(12);
});
