// Checks that the test commands in the guides name files and tests that exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = [
  ...['AGENTS.md', 'CONTRIBUTING.md', 'README.md'],
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
const texts = pages.map((page) => ({ page, text: readFileSync(join(root, page), 'utf8') }));

const commands = texts.flatMap(({ page, text }) =>
  [...text.matchAll(/npx vitest (?:run )?(\S+)(?: -t '?([^'\n`]+?)'?)?(?=\s|`|$)/g)].map(([, path = '', name]) => ({
    page,
    path: path.replaceAll('`', ''),
    name,
  })),
);

it('the pages name test commands', () => {
  expect(commands.length).toBeGreaterThan(3);
});

it.each(commands.filter(({ path }) => !path.includes('NAME')))('$page: vitest $path $name', ({ path, name }) => {
  expect(existsSync(join(root, path)), path).toBe(true);
  // The tests of a file have their names in the file, or from folders of fixtures. The tests of a folder are not looked up.
  if (name === undefined || !path.endsWith('.ts')) return;
  const text = readFileSync(join(root, path), 'utf8');
  const fixture = existsSync(join(root, 'tooling/parity/fixtures/models', name.trim()));
  expect(text.includes(name.trim()) || fixture, `a test named "${name}" in ${path}`).toBe(true);
});
