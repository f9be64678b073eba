import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { runCommand } from '../command/run.js';
import { commands } from './index.js';

afterEach(() => vi.unstubAllEnvs());

it.each(['doctor', 'engine info'])(
  '%s names the command that installs in the words that the user types',
  async (command) => {
    const empty = await mkdtemp(join(tmpdir(), 'doctor-'));
    for (const [name, value] of Object.entries({ DPO_LIBTENSORFLOW: '', XDG_CACHE_HOME: empty, PATH: '' }))
      vi.stubEnv(name, value);
    const out: string[] = [];
    const context = {
      ...{ interactive: false, program: 'npx dpo', signal: new AbortController().signal },
      ...{ out: (line: string) => out.push(line), note: () => {}, progress: () => {} },
    };
    await runCommand(commands, command.split(' '), context, '0.0.0');
    expect(out.join('\n')).toContain('npx dpo engine install');
    expect(out.join('\n')).not.toMatch(/(?<!npx )dpo engine install/);
    await rm(empty, { recursive: true, force: true });
  },
);
