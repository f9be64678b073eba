import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { changesPackages } from './commands.mjs';
import { explain } from './install.mjs';
import { checkNode } from './node-version.mjs';
import { runQuietly } from './process.mjs';
import { digest, isCurrent, writeStamp } from './stamp.mjs';

const folder = mkdtempSync(join(tmpdir(), 'dpo-bootstrap-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the version of Node', () => {
  it.each(['20.19.0', '22.0.0', '26.1.2'])('takes %s', (version) => {
    expect(() => checkNode(version)).not.toThrow();
  });

  it.each(['20.18.3', '18.20.8'])('refuses %s in one line', (version) => {
    expect(() => checkNode(version)).toThrow(/^Node 20\.19 or later is needed; this is [\d.]+\. See nodejs\.org\.$/);
  });
});

describe('stamps', () => {
  const path = join(folder, 'source.ts');
  const stamp = join(folder, 'stamp');

  it('are current until a file changes, comes or goes', () => {
    writeFileSync(path, 'one');
    writeStamp(stamp, digest([path]));
    expect(isCurrent(stamp, digest([path]))).toBe(true);
    writeFileSync(path, 'two');
    expect(isCurrent(stamp, digest([path]))).toBe(false);
    writeFileSync(path, 'one');
    expect(isCurrent(stamp, digest([path, stamp]))).toBe(false);
    expect(isCurrent(stamp, digest([join(folder, 'missing')]))).toBe(false);
  });

  it('leave no other file', () => {
    expect(readdirSync(folder).sort()).toEqual(['source.ts', 'stamp']);
  });
});

describe('a failed installation', () => {
  it.each([
    ['npm error code EAI_AGAIN\nnpm error request to the registry failed', /registry does not answer/],
    ['ENOSPC: no space left on device', /disk is full/],
    ["EACCES: permission denied, mkdir '/x/node_modules'", /cannot be written: EACCES.*\/x\/node_modules/],
    [
      'ERR 401 https://me:p@ss/w@host/x?t=1 _authToken=abc',
      /installed\.\nERR 401 https:\/\/\*\*\*@host\/x\?\*\*\* _authToken=\*\*\*$/,
    ],
    ['lockfile is not up to date with package.json', /cannot be installed\.\nlockfile is not up to date/],
  ])('%s', (output, message) => {
    expect(explain(output.split('\n'))).toMatch(message);
  });
});

it('leaves the installation to pnpm when pnpm changes the packages', () => {
  expect(changesPackages(['add', '-w', 'left-pad'])).toBe(true);
  expect(changesPackages(['--recursive', 'update'])).toBe(true);
  expect(changesPackages(['changeset'])).toBe(false);
  expect(changesPackages([])).toBe(false);
});

it('runs a program and hears both of its streams, line by line', async () => {
  const script = "process.stdout.write('a\\nb'); process.stderr.write('c\\n'); process.exitCode = 3;";
  const { code, lines } = await runQuietly(process.execPath, ['-e', script]);
  expect(code).toBe(3);
  expect(lines.sort()).toEqual(['a', 'b', 'c']);
});
