import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** The program that pnpm and npx start for `turbo`. */
const program = fileURLToPath(new URL('../../node_modules/.bin/turbo', import.meta.url));

it.skipIf(process.platform === 'win32')('reports nothing, even when a user has set nothing', () => {
  const home = mkdtempSync(join(tmpdir(), 'dpo-turbo-'));
  try {
    const env = { PATH: process.env.PATH, HOME: home };
    expect(execFileSync(program, ['telemetry', 'status'], { env, encoding: 'utf8' })).toContain('Status: Disabled');
  } finally {
    rmSync(home, { recursive: true });
  }
});
