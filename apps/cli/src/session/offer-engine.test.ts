import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wheelFor } from '@dpo/engine';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Context } from '../command/define.js';
import { offerEngine } from './offer-engine.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'dpo-offer-'));
  // Nothing is installed: the cache is empty, no Python is found, and no variable names a folder.
  vi.stubEnv('XDG_CACHE_HOME', home);
  vi.stubEnv('PATH', home);
  vi.stubEnv('DPO_LIBTENSORFLOW', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

function terminal(answer?: string) {
  const notes: string[] = [];
  const questions: string[] = [];
  const context: Context = {
    out: () => undefined,
    note: (line) => notes.push(line),
    progress: () => undefined,
    interactive: answer !== undefined,
    program: 'dpo',
    signal: new AbortController().signal,
    finishing: (part) => part(),
    ...(answer === undefined
      ? {}
      : {
          ask: async (question: string) => {
            questions.push(question);
            return answer;
          },
        }),
  };
  return { context, notes, questions };
}

// For machines that TensorFlow has no library for, nothing is offered.
it.runIf(wheelFor(false))(
  'says which engine computes and how to make it faster, and asks nobody without a terminal',
  async () => {
    const { context, notes } = terminal();
    await offerEngine({ engine: 'auto' }, context);
    expect(notes).toEqual([
      expect.stringContaining('the portable engine (WebAssembly) computes'),
      expect.stringContaining('Faster: dpo engine install'),
    ]);
  },
);

it.runIf(wheelFor(false))('offers the download at a terminal once, and accepts a no', async () => {
  const { context, notes, questions } = terminal('n');
  await offerEngine({ engine: 'auto' }, context);
  await offerEngine({ engine: 'auto' }, context);
  expect(questions).toEqual([expect.stringMatching(/^Fetch TensorFlow now \(\d+ MB to download, once\)\? \[Y\/n\] $/)]);
  expect(notes.filter((note) => note.startsWith('Faster'))).toHaveLength(2);
});

it('is silent when the user asks for another engine', async () => {
  const { context, notes } = terminal('y');
  await offerEngine({ engine: 'wasm' }, context);
  expect(notes).toEqual([]);
});
