// Every command line on the pages can be typed: the command and the options exist, and the values go together.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commands } from '../commands/index.js';
import { findCommand, parseOptions } from './parse.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const readmes = (folder: string) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}/README.md`);
const pages = [
  ...['README.md', 'AGENTS.md', 'CONTRIBUTING.md', 'apps/cli/README.md'],
  ...readmes('packages'),
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

const START = /^(?:\$ )?(?:npm run dpo --|npx dpo|dpo) (?=[a-z-])/;

/** The command lines in a page's blocks of code, without prompts. A line that ends in a backslash goes on in the next. */
function commandLines(text: string): string[] {
  const blocks = [...text.matchAll(/```\w*\n([\s\S]*?)```|^((?: {4}.*\n)+)/gm)].map(
    ([, fence, indent]) => fence ?? indent ?? '',
  );
  return (
    blocks
      .flatMap((block) => block.replaceAll(/\\\n\s*/g, ' ').split('\n'))
      .map((line) => line.trim())
      .filter((line) => START.test(line))
      .map((line) => line.replace(START, ''))
      // The switches of the program itself belong to no command.
      .filter((line) => !/^--(version|help)\b/.test(line))
  );
}

/** The words of a command line as a shell takes them apart, up to a comment, a pipe or a redirection. */
function words(line: string): string[] {
  const parts = line.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  const end = parts.findIndex((part) => /^(#|\||>|&&|;)/.test(part));
  return parts.slice(0, end < 0 ? undefined : end).map((part) => part.replace(/^(['"])(.*)\1$/, '$2'));
}

const lines = pages.flatMap((page) =>
  commandLines(readFileSync(join(root, page), 'utf8')).map((line) => ({ page, line })),
);

it('the pages show command lines', () => {
  expect(lines.length).toBeGreaterThan(30);
});

describe('a command line of the pages', () => {
  it.each(lines)('$page: $line', async ({ line }) => {
    // Notes beside a line in an indented block stand after three spaces.
    const { command, rest } = findCommand(commands, words(line.replace(/ {3,}(?!-).*/, '')));
    if (rest.includes('--help')) return;
    await expect(parseOptions(command, rest)).resolves.toBeTypeOf('object');
  });
});

describe('a command that the pages name in passing', () => {
  const mentions = pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/`(?:npm run dpo --|npx dpo|dpo) ([a-z][^`\n]*)`/g)].map(
      ([, line = '']) => ({ page, line }),
    ),
  );

  it.each(mentions)('$page: dpo $line', ({ line }) => {
    const { command, rest } = findCommand(commands, words(line));
    const flags = new Set(
      Object.keys(command.options.shape).map((key) => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)),
    );
    for (const word of rest)
      if (word.startsWith('--') && word !== '--help')
        expect(flags).toContain(word.slice(2).replace(/=.*/, '').replace(/^no-/, ''));
  });
});
