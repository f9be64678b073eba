// Compiles the code in the README of the repository, in each package's README and in the guides, under the strictest settings that
// a user may have.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const work = join(root, 'node_modules', '.cache', `dpo-examples-${process.pid}`);

/** Pages whose code is taken from files of the repository, and is no whole program. */
const excerpts = new Set(['docs/adding-an-architecture.md']);

interface Example {
  readonly page: string;
  readonly number: number;
  readonly code: string;
}

async function pages(): Promise<string[]> {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  const packages = (await readdir(join(root, 'packages'))).map((name) => `packages/${name}/README.md`);
  return ['README.md', 'apps/cli/README.md', ...packages, ...docs].filter((page) => !excerpts.has(page));
}

async function examples(): Promise<Example[]> {
  const ofPages = await Promise.all(
    (await pages()).map(async (page) => {
      const text = await readFile(join(root, page), 'utf8');
      return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = ''], number) => ({ page, number, code }));
    }),
  );
  return ofPages.flat();
}

const fileOf = ({ page, number }: Example) => `${page.replaceAll(/[/.]/g, '-')}-${number}.ts`;

beforeAll(() => mkdir(work, { recursive: true }));
afterAll(() => rm(work, { recursive: true, force: true }));

it('every example of the pages compiles under strict settings', async () => {
  const all = await examples();
  expect(all.length).toBeGreaterThanOrEqual(9);
  const own = await readdir(join(root, 'packages'));
  const source = (name: string) => [join(root, 'packages', name, 'src')];
  const paths = Object.fromEntries(
    own.flatMap((name) => [
      [`@dpo/${name}`, source(name).map((folder) => join(folder, 'index.ts'))],
      [`@dpo/${name}/test`, source(name).map((folder) => join(folder, 'test/index.ts'))],
      [`@dpo/${name}/*`, source(name).map((folder) => join(folder, '*.ts'))],
    ]),
  );
  const compilerOptions = {
    ...{ strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true },
    ...{ module: 'nodenext', target: 'es2024', types: ['node'], skipLibCheck: true, customConditions: ['source'] },
    paths: {
      ...paths,
      '@tensorflow/tfjs-core': [join(root, 'packages/core/node_modules/@tensorflow/tfjs-core/dist/index.d.ts')],
    },
  };
  await writeFile(join(work, 'package.json'), '{"type": "module"}');
  await writeFile(join(work, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  // `export {}` makes a module of an example without imports.
  for (const example of all) await writeFile(join(work, fileOf(example)), `${example.code}\nexport {};\n`);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', work, '--pretty', 'false'], {
    cwd: work,
    maxBuffer: 1e8,
  }).catch((error: { stdout: string }) => error);
  // The sources themselves are checked under their own settings.
  expect(stdout.split('\n').filter((line) => /^[\w-]+\.ts\(.*error TS/.test(line))).toEqual([]);
});
