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
  // Nothing is installed: an empty cache, no Python on the way, no folder that is named.
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

// Where TensorFlow has no library for the machine there is nothing to offer.
it.runIf(wheelFor(false))(
  'says what computes and what would be faster, and asks nobody without a terminal',
  async () => {
    const { context, notes } = terminal();
    await offerEngine({ engine: 'auto' }, context);
    expect(notes).toEqual([
      expect.stringContaining('the portable engine (WebAssembly) computes'),
      expect.stringContaining('Faster: dpo engine install'),
    ]);
  },
);

it.runIf(wheelFor(false))('offers the download at a terminal once, and takes no for an answer', async () => {
  const { context, notes, questions } = terminal('n');
  await offerEngine({ engine: 'auto' }, context);
  await offerEngine({ engine: 'auto' }, context);
  expect(questions).toEqual([expect.stringMatching(/^Fetch TensorFlow now \(\d+ MB to download, once\)\? \[Y\/n\] $/)]);
  expect(notes.filter((note) => note.startsWith('Faster'))).toHaveLength(2);
});

it('is silent where another engine was asked for', async () => {
  const { context, notes } = terminal('y');
  await offerEngine({ engine: 'wasm' }, context);
  expect(notes).toEqual([]);
});
